package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeGuard;
import io.varve.lsvd.VolumeStanding;
import io.varve.lsvd.store.ObjectStore;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve volume status}: who writes a volume, as its store knows it. */
@Command(
        name = "status",
        description = "Show who writes a volume, on whatever host: since when, and how far that is in the store.",
        footerHeading = "%nStates:%n",
        footer = {
            "  closed   nobody writes it: whoever serves it next goes on from here",
            "  writing  somebody has it open, or died with it",
            "  fenced   somebody had it open and was shut out",
        })
final class VolumeStatusCommand extends Subcommand {
    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @Mixin
    private StoreOption store;

    @Option(names = "--json", description = "Answer in JSON.")
    private boolean json;

    @Override
    public Integer call() throws VolumeException {
        try (ObjectStore opened = store.open(settings(), false)) {
            final VolumeStanding standing = new VolumeGuard(opened).standing(name);
            if (json) {
                out().println(JsonOutput.answer(fields(name, standing)));
            } else {
                print(standing);
            }
        }
        out().flush();
        return ExitStatus.OK;
    }

    static String state(final VolumeStanding standing) {
        return standing.isClosed() ? "closed" : standing.isSealed() ? "fenced" : "writing";
    }

    static Map<String, Object> fields(final String name, final VolumeStanding standing) {
        final boolean isNew = standing.epoch() == 0;
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", name);
        fields.put("uuid", standing.uuid().toString());
        fields.put("state", state(standing));
        fields.put("epoch", standing.epoch());
        fields.put("writer", isNew ? null : standing.writer());
        fields.put(
                "since", isNew ? null : Instant.ofEpochMilli(standing.sinceMs()).toString());
        fields.put("stored_object", standing.sequence());
        fields.put("stored_record", standing.lastRecord());
        fields.put("may_be_missing", standing.isClosed() ? null : standing.possibleLoss());
        return fields;
    }

    private void print(final VolumeStanding standing) {
        final boolean isNew = standing.epoch() == 0;
        final TextTable table = new TextTable("ll")
                .row("volume", name)
                .row("state", state(standing))
                .row("epoch", Long.toString(standing.epoch()))
                .row("writer", isNew ? "none yet" : standing.writer())
                .row(
                        "since",
                        isNew ? "-" : Instant.ofEpochMilli(standing.sinceMs()).toString())
                .row(
                        "stored",
                        standing.sequence() < 0
                                ? "nothing yet"
                                : "up to object " + standing.sequence() + " and record " + standing.lastRecord()
                                        + " of the writer's log");
        if (!standing.isClosed()) {
            table.row("may be missing", standing.possibleLoss());
        }
        table.print(out());
    }
}
