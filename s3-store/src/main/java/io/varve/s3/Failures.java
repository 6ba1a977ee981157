package io.varve.s3;

import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import javax.xml.stream.XMLStreamException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** What the ways of failing mean: whether another attempt may help, and how it is told to people. */
final class Failures {
    private static final int MOVED_PERMANENTLY = 301;
    private static final int TEMPORARY_REDIRECT = 307;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int REQUEST_TIMEOUT = 408;
    private static final int CONFLICT = 409;
    private static final int PRECONDITION_FAILED = 412;
    private static final int RANGE_NOT_SATISFIABLE = 416;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int INTERNAL_ERROR = 500;
    private static final int NOT_IMPLEMENTED = 501;
    private static final int MOST_TOLD = 500;

    /** What the server's policy has to permit, by the verb of what was tried. */
    private static final Map<String, String> PERMISSIONS = Map.of(
            "create", "s3:PutObject", "read", "s3:GetObject", "list", "s3:ListBucket", "delete", "s3:DeleteObject");

    private Failures() {}

    /** The failure without what futures wrap it in. */
    static Throwable unwrap(final Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** The status of the server's answer; 0 when there was none. */
    static int status(final Throwable failure) {
        return failure instanceof S3Exception answer ? answer.statusCode() : 0;
    }

    /** The error code of the server's answer; empty when there was none. */
    static String code(final Throwable failure) {
        return failure instanceof S3Exception answer
                        && answer.awsErrorDetails() != null
                        && answer.awsErrorDetails().errorCode() != null
                ? answer.awsErrorDetails().errorCode()
                : "";
    }

    /**
     * Whether the answer says that there is no such object. The status alone does not: whatever stands between may send it, or a
     * server that has lost sight of its bucket.
     */
    static boolean isMissingObject(final Throwable failure) {
        return status(failure) == NOT_FOUND && code(failure).equals("NoSuchKey");
    }

    /** As {@link #isMissingObject}, of a request whose answer has no body, and so no code. */
    static boolean isMissingObjectByStatus(final Throwable failure) {
        return status(failure) == NOT_FOUND;
    }

    /** Whether the answer to a conditional creation says that the key is taken. */
    static boolean isTaken(final Throwable failure) {
        return status(failure) == PRECONDITION_FAILED && !code(failure).isEmpty();
    }

    /** Whether the answer says that a range begins at or beyond the object's end. */
    static boolean isBeyondEnd(final Throwable failure) {
        return status(failure) == RANGE_NOT_SATISFIABLE && !code(failure).isEmpty();
    }

    /** Whether a status that says something of an object comes without a code, so that it is not the store's own word. */
    private static boolean isBare(final S3Exception answer) {
        final int status = answer.statusCode();
        return code(answer).isEmpty()
                && (status == NOT_FOUND || status == PRECONDITION_FAILED || status == RANGE_NOT_SATISFIABLE);
    }

    /** Whether the same request may succeed when it is sent again. */
    static boolean mayPass(final Throwable failure) {
        if (cause(failure, StoreException.class) != null) {
            return false;
        }
        if (failure instanceof S3Exception answer) {
            final int status = answer.statusCode();
            return status == TOO_MANY_REQUESTS
                    || status == REQUEST_TIMEOUT
                    || status == CONFLICT
                    || status == TEMPORARY_REDIRECT
                    || isBare(answer)
                    || status >= INTERNAL_ERROR && status != NOT_IMPLEMENTED
                    || code(failure).equals("RequestTimeout")
                    || answer.isClockSkewException();
        }
        if (failure instanceof ApiCallAttemptTimeoutException || failure instanceof ApiCallTimeoutException) {
            return true;
        }
        // The JVM remembers for a while that a name is unknown, so that it would be again.
        if (cause(failure, UnknownHostException.class) != null) {
            return false;
        }
        if (cause(failure, SSLException.class) != null && cause(failure, ClosedChannelException.class) == null) {
            return false;
        }
        // The SDK trips over the states of its connections now and then, and then closes the one in question.
        if (cause(failure, IllegalStateException.class) != null
                || cause(failure, IllegalArgumentException.class) != null) {
            return true;
        }
        // An answer in XML that was cut off is found out by its reader.
        return cause(failure, IOException.class) != null
                || cause(failure, XMLStreamException.class) != null
                || cause(failure, TimeoutException.class) != null;
    }

    /**
     * Puts a failure into one line.
     *
     * @param what     was tried, as "cannot read KEY".
     * @param location of the store.
     * @param server   that was asked, for people.
     */
    static StoreException describe(
            final Throwable failure, final String what, final S3Location location, final String server) {
        final StoreException known = cause(failure, StoreException.class);
        if (known instanceof NoSuchObjectException) {
            return known;
        }
        if (known != null) {
            return new StoreException(what + ": " + known.getMessage(), failure);
        }
        final String reason = failure instanceof S3Exception answer
                ? reason(answer, what, location, server)
                : reason(failure, server);
        return new StoreException(what + ": " + oneLine(reason), failure);
    }

    private static String reason(
            final S3Exception answer, final String what, final S3Location location, final String server) {
        final String code = code(answer);
        final String answered = server + " answered " + answer.statusCode() + (code.isEmpty() ? "" : " " + code)
                + message(answer)
                + (isBare(answer) ? " without S3's own error code; is that its address, and nothing between?" : "");
        switch (code) {
            case "NoSuchBucket":
                return "bucket '" + location.bucket() + "' does not exist at " + server;
            case "InvalidAccessKeyId":
                return "the access key is not known at " + server;
            case "SignatureDoesNotMatch":
                return "the secret key does not fit the access key, says " + server;
            case "ExpiredToken":
                return "the credentials have expired, says " + server;
            case "RequestTimeTooSkewed":
                return "the clock of this host is too far from that of " + server;
            case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
                return wrongRegion(answer, location, server);
            default:
                break;
        }
        return switch (answer.statusCode()) {
            case MOVED_PERMANENTLY -> wrongRegion(answer, location, server);
            case FORBIDDEN ->
                "access to bucket '" + location.bucket() + "' is denied by " + server
                        + (code.isEmpty() || code.equals("AccessDenied") ? "" : " (" + code + ")") + permission(what);
            case NOT_IMPLEMENTED -> answered + "; it cannot do what a store must";
            default -> answered;
        };
    }

    private static String permission(final String what) {
        return PERMISSIONS.entrySet().stream()
                .filter(one -> what.startsWith("cannot " + one.getKey() + " "))
                .map(one -> ": the credentials need " + one.getValue())
                .findFirst()
                .orElse("");
    }

    private static String wrongRegion(final S3Exception answer, final S3Location location, final String server) {
        final String region =
                answer.awsErrorDetails() == null || answer.awsErrorDetails().sdkHttpResponse() == null
                        ? null
                        : answer.awsErrorDetails()
                                .sdkHttpResponse()
                                .firstMatchingHeader("x-amz-bucket-region")
                                .orElse(null);
        return "bucket '" + location.bucket() + "' is in another region than the one set"
                + (region == null ? ", says " + server + message(answer) : ": in " + region);
    }

    private static String message(final S3Exception answer) {
        final String text = answer.awsErrorDetails() == null
                ? null
                : answer.awsErrorDetails().errorMessage();
        return text == null || text.isBlank() ? "" : ": " + text;
    }

    private static String reason(final Throwable failure, final String server) {
        final UnknownHostException unknown = cause(failure, UnknownHostException.class);
        if (unknown != null) {
            return "the name of the host of " + server + " cannot be resolved: " + unknown.getMessage();
        }
        final ConnectException refused = cause(failure, ConnectException.class);
        if (refused != null) {
            return "no connection to " + server + ": " + refused.getMessage();
        }
        final SSLException tls = cause(failure, SSLException.class);
        if (tls != null) {
            return "no trusted connection to " + server + ": " + tls.getMessage() + "; " + CaBundle.VARIABLE
                    + " names a file with the certificates of further authorities";
        }
        if (failure instanceof ApiCallAttemptTimeoutException || failure instanceof ApiCallTimeoutException) {
            return server + " did not answer in time";
        }
        final IOException io = cause(failure, IOException.class);
        if (io != null) {
            return "the connection to " + server + " failed: " + io.getMessage();
        }
        if (cause(failure, XMLStreamException.class) != null) {
            return server + " sent an answer that is cut off or no XML";
        }
        final String text = String.valueOf(failure.getMessage());
        if (failure instanceof SdkClientException && text.contains("load credentials")) {
            return "no AWS credentials in the environment, profile or host; set AWS_ACCESS_KEY_ID and"
                    + " AWS_SECRET_ACCESS_KEY, or a profile";
        }
        return failure instanceof SdkException ? text : failure.toString();
    }

    private static <T extends Throwable> T cause(final Throwable failure, final Class<T> kind) {
        // A chain of causes can be a ring; no sensible one is longer than this.
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 16; depth++) {
            if (kind.isInstance(cause)) {
                return kind.cast(cause);
            }
            cause = cause.getCause();
        }
        return null;
    }

    /** A text in one line of at most {@value #MOST_TOLD} characters, whatever a server has put into it. */
    static String oneLine(final String text) {
        final String line = text.replaceAll(" \\(SDK Attempt Count: [0-9]+\\)", "")
                .replaceAll("\\s*[\\r\\n]+\\s*", " ")
                .replaceAll("\\p{Cc}", "?");
        return line.length() <= MOST_TOLD ? line : line.substring(0, MOST_TOLD - 3) + "...";
    }
}
