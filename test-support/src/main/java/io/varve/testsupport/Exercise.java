package io.varve.testsupport;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Has a back-end do for a few seconds what guests ask for, and let them go and take them again, so that its JVM gets to know its code. */
public final class Exercise {
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 16 << 10;
    private static final int DEPTH = 32;
    private static final int ROUND = 2_000;
    private static final int MOVES = 5;

    private Exercise() {}

    /** The program: the back-end's socket, and for how many seconds. */
    public static void main(final String[] arguments) throws IOException {
        final long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1]));
        try (FrontEnd frontEnd = FrontEnd.started(Path.of(arguments[0]), FrontEndOptions.DEFAULT.withQueues(2, 128))) {
            final LoadGenerator load = new LoadGenerator(frontEnd, BLOCKS, BLOCK, DEPTH, 1).flushEvery(DEPTH);
            for (int round = 0; System.nanoTime() - endNs < 0; round++) {
                load.writePercent(round % 3 == 0 ? 100 : 40).run(ROUND);
            }
            for (int move = 0; move < MOVES; move++) {
                moveAwayAndBack(frontEnd, load);
            }
        }
    }

    /** As a migration does that is cancelled when the guest has been stopped. */
    private static void moveAwayAndBack(final FrontEnd frontEnd, final LoadGenerator load) throws IOException {
        try (DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.startLogging(bitmap);
            load.run(ROUND);
            frontEnd.stop();
            frontEnd.stopLogging();
            frontEnd.start();
            load.run(ROUND);
        }
    }
}
