package io.varve.control.rpc;

import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.control.JobStatus;
import io.varve.control.JobStatus.State;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** A call that is carried out while its client does something else. Any thread. */
final class Job implements CallContext {
    /** The parameter that makes a job of a call. */
    static final String PARAM = "job";

    /** The parameter that has a job cancelled when its connection ends. */
    static final String UNTIL_DISCONNECT = "until_disconnect";

    private final String id;
    private final String method;
    private final String startedAt =
            Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private State state = State.RUNNING;
    private long done;
    private long total;
    private Object result;
    private JobStatus.Failure error;
    private boolean isCancelled;

    Job(final String id, final String method) {
        this.id = id;
        this.method = method;
    }

    String id() {
        return id;
    }

    /** Does the work, on the thread that calls. */
    void run(final Function<CallContext, Record> work) {
        try {
            final Record answer = work.apply(this);
            end(State.DONE, Json.ofRecord(answer), null);
        } catch (final CancellationException e) {
            end(State.CANCELLED, null, new JobStatus.Failure(ErrorKind.CANCELLED, "it was cancelled"));
        } catch (final ControlException e) {
            end(
                    e.kind() == ErrorKind.CANCELLED ? State.CANCELLED : State.FAILED,
                    null,
                    new JobStatus.Failure(e.kind(), e.getMessage()));
        } catch (final RuntimeException | Error e) {
            end(State.FAILED, null, new JobStatus.Failure(ErrorKind.INTERNAL, "internal error: " + e));
            throw e;
        }
    }

    private void end(final State how, final Object answer, final JobStatus.Failure failure) {
        synchronized (this) {
            state = how;
            result = answer;
            error = failure;
        }
        ended.complete(null);
    }

    /** Has something done when it has ended. */
    void onEnd(final Runnable task) {
        ended.thenRun(task);
    }

    synchronized boolean isRunning() {
        return state == State.RUNNING;
    }

    synchronized void cancel() {
        isCancelled = true;
    }

    synchronized JobStatus status() {
        return new JobStatus(id, method, state, done, total, startedAt, result, error);
    }

    /** Waits until it has ended, or a time is over. */
    void await(final long timeoutMs) {
        try {
            ended.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (final TimeoutException e) {
            return;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (final ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public synchronized void progress(final long doneNow, final long totalNow) {
        done = doneNow;
        total = totalNow;
    }

    @Override
    public synchronized boolean isCancelled() {
        return isCancelled;
    }

    @Override
    public boolean isJob() {
        return true;
    }

    /** A job has no connection. */
    @Override
    public void onDisconnect(final Runnable task) {
        throw new IllegalStateException("a job outlives its connection");
    }

    @Override
    public void forget(final Runnable task) {
        throw new IllegalStateException("a job outlives its connection");
    }

    @Override
    public boolean isDisconnected() {
        return false;
    }
}
