package io.varve.control.rpc;

import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.control.Event;
import io.varve.control.JobStatus;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The jobs of a daemon: each has a thread of its own. Any thread. */
final class Jobs implements AutoCloseable {
    /** Most that run at a time. */
    static final int MAX_RUNNING = 64;

    /** Most that are remembered once they have ended; of more, those that began first are forgotten. */
    static final int MAX_ENDED = 256;

    /** How often one who waits looks whether its client is still there, in milliseconds. */
    private static final long LOOK_MS = 500;

    /** How long jobs are waited for that are broken off with the daemon, in milliseconds. */
    private static final long END_MS = 10_000;

    private final Events events;
    private final String prefix = UUID.randomUUID().toString().substring(0, 8) + "-";
    private final Map<String, Job> jobs = new LinkedHashMap<>();
    private long count;
    private boolean isClosing;

    Jobs(final Events events) {
        this.events = events;
    }

    /** Begins a job. */
    synchronized Job start(final String method, final Function<CallContext, Record> work) {
        if (isClosing) {
            throw new ControlException(ErrorKind.UNAVAILABLE, "the daemon is ending");
        }
        if (jobs.values().stream().filter(Job::isRunning).count() >= MAX_RUNNING) {
            throw new ControlException(
                    ErrorKind.NO_SPACE, MAX_RUNNING + " jobs are running, and there can't be more: wait for one");
        }
        final Job job = new Job(prefix + ++count, method);
        final Thread thread = new Thread(() -> run(job, work), "varve-control-job");
        thread.setDaemon(true);
        thread.start();
        jobs.put(job.id(), job);
        return job;
    }

    private void run(final Job job, final Function<CallContext, Record> work) {
        try {
            job.run(work);
        } finally {
            forgetOld();
            events.tell(Event.Type.JOB_ENDED, null, null, job.id());
        }
    }

    private synchronized void forgetOld() {
        long ended = jobs.values().stream().filter(job -> !job.isRunning()).count();
        for (final Iterator<Job> all = jobs.values().iterator(); ended > MAX_ENDED; ) {
            if (!all.next().isRunning()) {
                all.remove();
                ended--;
            }
        }
    }

    /** The job of that name. */
    synchronized Job get(final String id) {
        final Job job = jobs.get(id);
        if (job == null) {
            throw new ControlException(
                    ErrorKind.NOT_FOUND, "there is no job '" + id + "': it was long ago, or another daemon's");
        }
        return job;
    }

    /** How a job is, once it has ended, the time is over, or the client has gone. */
    JobStatus await(final String id, final long timeoutMs, final CallContext client) {
        final Job job = get(id);
        final long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        long leftMs = timeoutMs;
        while (job.isRunning() && leftMs > 0 && !client.isDisconnected()) {
            job.await(Math.min(LOOK_MS, leftMs));
            leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
        }
        return job.status();
    }

    synchronized List<JobStatus> list() {
        return jobs.values().stream().map(Job::status).toList();
    }

    /** Breaks all jobs off, and waits for them, for a while. */
    @Override
    public void close() {
        final List<Job> left;
        synchronized (this) {
            isClosing = true;
            left = new ArrayList<>(jobs.values());
        }
        left.forEach(Job::cancel);
        final long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(END_MS);
        for (final Job job : left) {
            job.await(Math.max(0, TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime())));
        }
    }
}
