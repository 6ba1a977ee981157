package io.varve.launcher.cli;

import io.varve.control.VolumeMetadataCall;
import io.varve.launcher.UserException;
import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.VolumeException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve volume metadata}. */
@Command(
        name = "metadata",
        description = "Show what is noted of a volume, or note something: texts for people and programs, at most 64K of"
                + " them, which mean nothing to Varve.",
        footerHeading = "%nExample:%n",
        footer = "  varve volume metadata data owner=alice --remove draft")
final class VolumeMetadataCommand extends VolumeCommand.OnStore {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "KEY=VALUE", description = "What to note.")
    private List<String> assignments = List.of();

    @Option(names = "--remove", paramLabel = "KEY", description = "A key to forget; can be given several times.")
    private List<String> remove = List.of();

    private final Map<String, String> set = new LinkedHashMap<>();

    @Override
    String volume() {
        return name;
    }

    @Override
    void prepare() {
        for (final String assignment : assignments) {
            final int sign = assignment.indexOf('=');
            if (sign < 1) {
                throw new UserException("'" + assignment + "' notes nothing: write KEY=VALUE");
            }
            set.put(assignment.substring(0, sign), assignment.substring(sign + 1));
        }
    }

    @Override
    void run(final Volumes volumes) throws VolumeException {
        final Map<String, String> now =
                set.isEmpty() && remove.isEmpty() ? volumes.metadata(name) : volumes.changeMetadata(name, set, remove);
        if (json()) {
            out().println(JsonOutput.answer(new VolumeMetadataCall.Answer(name, now)));
        } else {
            now.forEach((key, value) -> out().println(key + "=" + value));
        }
    }
}
