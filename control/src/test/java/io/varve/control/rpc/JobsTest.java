package io.varve.control.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.control.JobStatus;
import io.varve.control.JobStatus.State;
import io.varve.control.RemovalAnswer;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class JobsTest {
    private static final long LONG_MS = 50_000;

    private final Jobs jobs = new Jobs(new Events());
    private final CountDownLatch free = new CountDownLatch(1);

    @AfterEach
    void end() {
        free.countDown();
        jobs.close();
    }

    private Record waiting(final CallContext context) {
        try {
            context.progress(3, 10);
            free.await();
        } catch (final InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (context.isCancelled()) {
            throw new CancellationException();
        }
        return new RemovalAnswer("v", true);
    }

    private JobStatus await(final Job job) {
        return jobs.await(job.id(), LONG_MS, new Connected());
    }

    /** A client that is there. */
    private static final class Connected implements CallContext {
        @Override
        public void progress(final long done, final long total) {}

        @Override
        public boolean isJob() {
            return false;
        }

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public void onDisconnect(final Runnable task) {}

        @Override
        public void forget(final Runnable task) {}

        @Override
        public boolean isDisconnected() {
            return false;
        }
    }

    @Test
    void aJobTellsHowFarItIsAndItsResult() {
        final Job job = jobs.start("volume.remove", this::waiting);
        assertThat(jobs.await(job.id(), 1, new Connected()).state()).isEqualTo(State.RUNNING);
        free.countDown();
        assertThat(await(job).state()).isEqualTo(State.DONE);
        assertThat(await(job).result()).isEqualTo(Map.of("name", "v", "removed", true));
        assertThat(await(job).done()).isEqualTo(3);
        assertThat(await(job).total()).isEqualTo(10);
        assertThat(jobs.list()).containsExactly(await(job));
    }

    @Test
    void aJobCanBeCancelled() {
        final Job job = jobs.start("volume.remove", this::waiting);
        job.cancel();
        free.countDown();
        assertThat(await(job).state()).isEqualTo(State.CANCELLED);
        assertThat(await(job).error().kind()).isEqualTo(ErrorKind.CANCELLED);
    }

    @Test
    void aJobThatFailsSaysWhy() {
        final Job job = jobs.start("volume.remove", context -> {
            throw new ControlException(ErrorKind.BUSY, "somebody has it");
        });
        assertThat(await(job).state()).isEqualTo(State.FAILED);
        assertThat(await(job).error().kind()).isEqualTo(ErrorKind.BUSY);
        assertThat(await(job).error().message()).isEqualTo("somebody has it");
    }

    @Test
    void thereAreSoManyAtATimeAndSoManyAreRemembered() {
        Job first = null;
        for (int i = 0; i < Jobs.MAX_RUNNING; i++) {
            final Job job = jobs.start("volume.remove", this::waiting);
            first = first == null ? job : first;
        }
        assertThatThrownBy(() -> jobs.start("volume.remove", this::waiting))
                .isInstanceOfSatisfying(
                        ControlException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NO_SPACE))
                .hasMessage("64 jobs are running, and there can't be more: wait for one");
        free.countDown();
        jobs.list().forEach(job -> jobs.await(job.job(), LONG_MS, new Connected()));
        for (int i = 0; i < Jobs.MAX_ENDED; i++) {
            await(jobs.start("volume.remove", this::waiting));
        }
        // The last may be ended and not counted yet.
        assertThat(jobs.list()).hasSizeBetween(Jobs.MAX_ENDED, Jobs.MAX_ENDED + 1);
        final String gone = first.id();
        assertThatThrownBy(() -> jobs.get(gone))
                .hasMessage("there is no job '" + gone + "': it was long ago, or another daemon's");
    }
}
