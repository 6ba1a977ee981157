package io.varve.launcher.control;

import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.runtime.UnexpectedErrors;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;

/** What the daemon's exceptions are to its clients: the one place that knows both. */
final class Refusals {
    private static final System.Logger LOG = System.getLogger(Refusals.class.getName());

    private Refusals() {}

    /** The answer to a call that ended with an exception; one that nobody foresaw goes to the log as well. */
    static ControlException of(final Throwable e, final String method) {
        return switch (e) {
            case ControlException known -> known;
            case UserException known -> new ControlException(known.kind(), known.getMessage(), known);
            case VolumeException known -> new ControlException(kind(known.kind()), known.getMessage(), known);
            case CancellationException broken -> new ControlException(ErrorKind.CANCELLED, "it was cancelled", broken);
            case CompletionException wrapped when wrapped.getCause() != null -> of(wrapped.getCause(), method);
            case IOException failed -> of(new VolumeException(failed.getMessage(), failed), method);
            default -> {
                final String what = UnexpectedErrors.describe(e);
                LOG.log(Level.ERROR, "unexpected error in method {0}: {1}", method, what);
                yield new ControlException(ErrorKind.INTERNAL, "internal error: " + what, e);
            }
        };
    }

    private static ErrorKind kind(final VolumeException.Kind kind) {
        return switch (kind) {
            case NOT_FOUND -> ErrorKind.NOT_FOUND;
            case EXISTS -> ErrorKind.EXISTS;
            case BUSY -> ErrorKind.BUSY;
            case HAS_SNAPSHOTS -> ErrorKind.HAS_SNAPSHOTS;
            case HAS_CHILDREN -> ErrorKind.HAS_CHILDREN;
            case FENCED -> ErrorKind.FENCED;
            case NO_SPACE -> ErrorKind.NO_SPACE;
            case UNAVAILABLE -> ErrorKind.UNAVAILABLE;
            case DAMAGED -> ErrorKind.DAMAGED;
            case INVALID -> ErrorKind.INVALID;
        };
    }
}
