package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A command on a volume that takes long: it tells how far it has come, and cleans up when it is interrupted. */
@Command
abstract class InterruptibleCommand extends Subcommand {
    @Mixin
    private Progress.Choice progressChoice;

    private Progress progress;

    final Progress progress() {
        return progress;
    }

    @Override
    public final Integer call() throws VolumeException {
        prepare();
        // What is said on the way out has to be said before the interruption is closed: the process may end then.
        try (Interruption interruption = new Interruption();
                ObjectStore store = openStore()) {
            progress = progressChoice.begin(err());
            try {
                return run(store, interruption);
            } catch (final CancellationException e) {
                progress.clear();
                err().println("varve: broken off; " + remains());
                return ExitStatus.FAILED;
            } catch (final IOException e) {
                progress.clear();
                err().println("varve: " + describe(e));
                return ExitStatus.FAILED;
            } catch (final VolumeException | RuntimeException e) {
                progress.clear();
                if (!interruption.isCancelled()) {
                    throw e;
                }
                return new Errors(environment(), err()).handle(e);
            } finally {
                out().flush();
                err().flush();
            }
        }
    }

    /** Checks what can be checked before the store is touched. */
    abstract void prepare();

    abstract ObjectStore openStore();

    /** Does it; gives the exit status. */
    abstract int run(ObjectStore store, Cancellation cancellation) throws VolumeException, IOException;

    /** What is there when it was broken off: ends a sentence. */
    abstract String remains();

    /** What has failed. */
    abstract String describe(IOException e);
}
