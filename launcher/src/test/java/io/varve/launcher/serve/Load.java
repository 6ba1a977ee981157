package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import java.io.IOException;
import java.nio.file.Path;

/** A guest on a thread of its own that must not notice anything. */
final class Load implements AutoCloseable {
    private static final int BLOCKS = 1000;
    private static final int DEPTH = 16;

    private final FrontEnd frontEnd;
    private final LoadGenerator generator;
    private final Thread thread = new Thread(this::run, "load");
    private volatile boolean isEnded;
    private volatile long rounds;
    private volatile Throwable failure;

    Load(final Path socket) throws IOException {
        frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT);
        generator = new LoadGenerator(frontEnd, BLOCKS, 4096, DEPTH, 815).flushEvery(50);
        thread.start();
    }

    private void run() {
        try {
            while (!isEnded) {
                generator.run(50);
                rounds++;
                Thread.sleep(5);
            }
            generator.verifyAll(frontEnd);
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
        } catch (final Throwable e) {
            failure = e;
        }
    }

    /** Waits until more has been done from now on. */
    void expectProgress() {
        final long before = rounds;
        await().until(() -> rounds >= before + 2 || failure != null);
        assertThat(failure).isNull();
    }

    void end() throws InterruptedException {
        isEnded = true;
        thread.join();
        assertThat(failure).isNull();
    }

    @Override
    public void close() {
        isEnded = true;
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        frontEnd.close();
    }
}
