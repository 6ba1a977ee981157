package io.varve.keys;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.KeyException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.kms.KmsAsyncClientBuilder;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.kms.model.EncryptResponse;
import software.amazon.awssdk.services.kms.model.KmsException;

/**
 * Wraps by a key of AWS KMS: one {@code Encrypt} or {@code Decrypt} each, with the two volumes' identities as its encryption context. All attempts
 * together take {@value #TIMEOUT_S} seconds at most.
 */
final class KmsKey implements KeySource.Wrapper {
    private static final int TIMEOUT_S = 20;
    private static final int ATTEMPTS = 2;
    private static final int MOST_TOLD = 300;
    private static final long CLOSE_LIMIT_MS = 3000;

    private final KmsKeySource source;
    private final Duration timeout;
    private final EventLoopGroup group;
    private final SdkAsyncHttpClient http;
    private final KmsAsyncClient client;

    KmsKey(final KmsKeySource source) throws KeyException {
        this(source, Duration.ofSeconds(TIMEOUT_S));
    }

    KmsKey(final KmsKeySource source, final Duration timeout) throws KeyException {
        this.source = source;
        this.timeout = timeout;
        final Duration attempt = timeout.dividedBy(ATTEMPTS);
        group = new NioEventLoopGroup(1, new DefaultThreadFactory("varve-kms", true));
        http = NettyNioAsyncHttpClient.builder()
                .eventLoopGroup(SdkEventLoopGroup.create(group, NioSocketChannel::new))
                .protocol(Protocol.HTTP1_1)
                .maxConcurrency(1)
                .connectionTimeout(attempt)
                .readTimeout(attempt)
                .writeTimeout(attempt)
                .build();
        final KmsAsyncClientBuilder builder = KmsAsyncClient.builder()
                .httpClient(http)
                .region(Region.of(source.region()))
                .overrideConfiguration(all -> all.apiCallTimeout(timeout).apiCallAttemptTimeout(attempt));
        if (source.endpoint() != null) {
            builder.endpointOverride(source.endpoint());
        }
        try {
            client = builder.build();
        } catch (final SdkException e) {
            closeTransport();
            throw new KeyException("the KMS client can't be set up: " + told(e.getMessage()));
        }
    }

    @Override
    public String kind() {
        return KmsKeySource.KIND;
    }

    @Override
    public String publicName() {
        return source.arn();
    }

    @Override
    public byte[] wrap(final DataKey key, final UUID volume, final UUID keyOf) throws KeyException {
        final byte[] plain = key.bytes();
        try {
            final SdkBytes bytes = SdkBytes.fromByteArrayUnsafe(plain);
            final EncryptResponse answer = await(
                    "Encrypt",
                    client.encrypt(request ->
                            request.keyId(source.arn()).plaintext(bytes).encryptionContext(context(volume, keyOf))));
            return answer.ciphertextBlob().asByteArray();
        } finally {
            Arrays.fill(plain, (byte) 0);
        }
    }

    @Override
    public DataKey unwrap(final byte[] wrapped, final UUID volume, final UUID keyOf) throws KeyException {
        final SdkBytes bytes = SdkBytes.fromByteArray(wrapped);
        final DecryptResponse answer = await(
                "Decrypt",
                client.decrypt(request ->
                        request.keyId(source.arn()).ciphertextBlob(bytes).encryptionContext(context(volume, keyOf))));
        final byte[] plain = answer.plaintext().asByteArrayUnsafe();
        if (plain.length != DataKey.LENGTH) {
            Arrays.fill(plain, (byte) 0);
            throw new KeyException("KMS gave a data key of another length than " + DataKey.LENGTH
                    + " bytes: the volume's key record is not its own");
        }
        return DataKey.take(plain);
    }

    /** Shows in the account's CloudTrail, and may be asked for by a policy of the key. */
    private static Map<String, String> context(final UUID volume, final UUID keyOf) {
        return Map.of("varve-volume", volume.toString(), "varve-key-of", keyOf.toString());
    }

    private <T> T await(final String action, final CompletableFuture<T> call) throws KeyException {
        try {
            return call.get(2 * timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (final ExecutionException e) {
            throw failure(action, e.getCause());
        } catch (final TimeoutException e) {
            call.cancel(true);
            throw failure(action, e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            call.cancel(true);
            throw new KeyException("asking KMS was interrupted");
        }
    }

    private KeyException failure(final String action, final Throwable failure) {
        if (!(failure instanceof final KmsException refusal) || refusal.awsErrorDetails() == null) {
            return new KeyException("KMS " + where() + " did not answer to kms:" + action + ": "
                    + told(failure.getMessage() == null ? "no answer in time" : failure.getMessage()));
        }
        final String code = String.valueOf(refusal.awsErrorDetails().errorCode());
        final String said = told(String.valueOf(refusal.awsErrorDetails().errorMessage()));
        return new KeyException(
                switch (code) {
                    case "AccessDeniedException" ->
                        "KMS does not permit kms:" + action + " with " + source.arn()
                                + ": allow it in the key's policy (" + said + ")";
                    case "NotFoundException" -> "KMS knows no key " + source.arn() + ": see its ARN";
                    case "DisabledException", "KMSInvalidStateException" ->
                        "the KMS key " + source.arn() + " is disabled or about to be deleted: enable it";
                    case "InvalidCiphertextException", "IncorrectKeyException" ->
                        "the volume's key was not wrapped by the KMS key " + source.arn() + " for this volume";
                    case "UnrecognizedClientException",
                            "InvalidClientTokenId",
                            "InvalidSignatureException",
                            "ExpiredTokenException" ->
                        "KMS does not take the AWS credentials that were found (" + code + "): see AWS_ACCESS_KEY_ID,"
                                + " AWS_PROFILE or the role of this host";
                    default -> "KMS " + where() + " refuses kms:" + action + " (" + code + "): " + said;
                });
    }

    private String where() {
        return source.endpoint() == null ? "in " + source.region() : "at " + source.endpoint();
    }

    private static String told(final String message) {
        final String line = message.replaceAll("\\p{Cntrl}+", " ").strip();
        return line.length() > MOST_TOLD ? line.substring(0, MOST_TOLD) + "..." : line;
    }

    private void closeTransport() {
        http.close();
        group.shutdownGracefully(0, CLOSE_LIMIT_MS, TimeUnit.MILLISECONDS).awaitUninterruptibly(CLOSE_LIMIT_MS);
    }

    @Override
    public void close() {
        client.close();
        closeTransport();
    }
}
