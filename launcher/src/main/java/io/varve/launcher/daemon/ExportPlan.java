package io.varve.launcher.daemon;

import io.varve.block.Export;
import io.varve.launcher.UserException;

/**
 * An export that a volume is to have. There is one kind for each protocol, and nothing else here knows a protocol.
 *
 * <p>Nobody listens until the volume is there: a client that connects earlier is refused at once, and tries again,
 * instead of waiting
 * in the middle of a message.
 */
public interface ExportPlan extends AutoCloseable {
    /** Name of the protocol, as {@link io.varve.block.ExportStatus#protocol()} has it. */
    String protocol();

    /** Where clients will connect, as they are told; null for a socket that was inherited. */
    String address();

    /** Whether it may have several sessions at a time. */
    boolean takesSeveral();

    /**
     * Listens, on the volume's reactor. Called once.
     *
     * @throws UserException when the address has been taken meanwhile or can't be used after all.
     */
    Export open(ExportContext context);

    /**
     * Closes what listens and removes what stands for the address, such as a socket's file. Behind {@link
     * Export#release()}; also without {@link #open}. Idempotent.
     */
    @Override
    void close();
}
