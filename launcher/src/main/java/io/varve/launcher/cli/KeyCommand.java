package io.varve.launcher.cli;

import io.varve.keys.KeyFile;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.lsvd.crypto.KeyException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code varve key}: keys that wrap the keys of volumes. */
@Command(
        name = "key",
        description = "Make key files.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = KeyCommand.Generate.class)
final class KeyCommand {
    private KeyCommand() {}

    /** {@code varve key generate}. */
    @Command(
            name = "generate",
            description = "Make a key file: 32 random bytes in base64, for its owner alone. A file that is there is not"
                    + " overwritten. Keep a copy elsewhere: without it nobody reads what is encrypted by it.",
            footerHeading = "%nExample:%n",
            footer = "  varve key generate /etc/varve/key")
    static final class Generate extends Subcommand {
        @Parameters(paramLabel = "FILE", description = "Where to put it.")
        private Path file;

        @Override
        public Integer call() {
            try {
                KeyFile.generate(file);
            } catch (final KeyException e) {
                throw new UserException(e.getMessage(), e);
            }
            out().println("Made the key file " + file + ". Keep a copy of it elsewhere.");
            out().flush();
            return ExitStatus.OK;
        }
    }
}
