package io.varve.launcher.cli;

import io.varve.keys.KeyFile;
import io.varve.keys.KeySource;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.crypto.KeyWrapper;
import io.varve.lsvd.format.KeyRecord;
import io.varve.lsvd.history.KeyHistory;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve key}: keys that wrap the keys of volumes. */
@Command(
        name = "key",
        description = "Make key files, and change and show what the keys of volumes are wrapped by.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = {KeyCommand.Generate.class, KeyCommand.Rotate.class, KeyCommand.Status.class})
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

    /** A command on the keys of a volume. */
    abstract static class OfVolume extends Subcommand {
        @Parameters(paramLabel = "NAME", description = "Name of the volume.")
        private String name;

        @Mixin
        private StoreOption store;

        String name() {
            return name;
        }

        @Override
        public final Integer call() throws VolumeException {
            try (ObjectStore opened = store.open(settings(), false)) {
                final StoreClient client = new StoreClient(opened, new SystemRuntime(), StoreClient.DEFAULT_TIMEOUT_MS);
                run(new KeyHistory(client, new VolumeCatalog(opened).find(name)), opened.keyWrapper());
            } catch (final IOException e) {
                throw new UserException("volume '" + name + "': " + e.getMessage(), e);
            }
            out().flush();
            return ExitStatus.OK;
        }

        /** Carries it out; {@code wrapper} is null when no key is given. */
        abstract void run(KeyHistory history, KeyWrapper wrapper) throws IOException;
    }

    /** {@code varve key rotate}. */
    @Command(
            name = "rotate",
            description =
                    "Wrap the keys of a volume by another key. Its data is not written anew, and whoever has it open"
                            + " goes on. Destroy the old key where it is kept if nobody may use it any more.",
            footerHeading = "%nExample:%n",
            footer = "  varve key rotate data --key file:/etc/varve/key --to file:/etc/varve/new-key")
    static final class Rotate extends OfVolume {
        @Option(
                names = "--to",
                paramLabel = "SOURCE",
                required = true,
                description = "What they are to be wrapped by, written as of --key.")
        private String to;

        @Override
        void run(final KeyHistory history, final KeyWrapper wrapper) throws IOException {
            if (wrapper == null) {
                throw new UserException(
                        "--key says what the keys of volume '" + name() + "' are wrapped by now: give it");
            }
            try (KeySource.Wrapper next = KeySource.parse(to).open()) {
                history.rotate(wrapper, next, System.currentTimeMillis());
                out().println("The keys of volume " + name() + " are wrapped by " + text(next) + " now.");
            }
        }

        private static String text(final KeyWrapper wrapper) {
            return wrapper.kind() + ":" + wrapper.publicName();
        }
    }

    /** {@code varve key status}. */
    @Command(name = "status", description = "Show what the keys of a volume are wrapped by. No key is needed.")
    static final class Status extends OfVolume {
        @Option(names = "--json", description = "Answer in JSON.")
        private boolean json;

        @Override
        void run(final KeyHistory history, final KeyWrapper wrapper) throws IOException {
            final KeyRecord record = history.newest();
            if (json) {
                out().println(JsonOutput.answer(fields(record)));
            } else if (record == null) {
                out().println("Volume " + name() + " is not encrypted.");
            } else {
                new TextTable("ll")
                        .row("volume", name())
                        .row("wrapped by", record.kind() + ":" + record.keyName())
                        .row("since", Instant.ofEpochMilli(record.wrappedMs()).toString())
                        .row("ancestors", Integer.toString(record.keys().size() - 1))
                        .print(out());
            }
        }

        private Map<String, Object> fields(final KeyRecord record) {
            final Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("name", name());
            fields.put("is_encrypted", record != null);
            fields.put("wrapped_by", record == null ? null : record.kind() + ":" + record.keyName());
            fields.put(
                    "since",
                    record == null
                            ? null
                            : Instant.ofEpochMilli(record.wrappedMs()).toString());
            fields.put("ancestors", record == null ? 0 : record.keys().size() - 1);
            return fields;
        }
    }
}
