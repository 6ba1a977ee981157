package io.varve.launcher.cli;

import io.varve.launcher.volume.VolumeSettingText;
import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.VolumeSettings;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code varve volume set}. */
@Command(
        name = "set",
        description =
                "Change settings of a volume, from the next time on that it is opened. A daemon that serves it now goes on"
                        + " with those that it began with.",
        footerHeading = "%nSettings, as of 'varve volume create':%n",
        footer = {
            "  durability=log|store, max-unsent-bytes=SIZE, max-unsent-age=TIME, fence-timeout=TIME,",
            "  compression=none|lz4|zstd|zstd:LEVEL",
            "",
            "Example:",
            "  varve volume set data durability=store max-unsent-age=0s",
        })
final class VolumeSetCommand extends VolumeCommand.OnStore {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "KEY=VALUE", description = "What to set.")
    private List<String> assignments;

    private Map<VolumeSettingText, String> changes;

    @Override
    String volume() {
        return name;
    }

    @Override
    void prepare() {
        changes = VolumeSettingText.parse(assignments);
        VolumeSettingText.change(VolumeSettings.ofSize(0), changes);
    }

    @Override
    void run(final Volumes volumes) throws VolumeException {
        final VolumeInfo info = volumes.set(name, changes);
        if (json()) {
            out().println(JsonOutput.volume(info));
            return;
        }
        final StringBuilder line = new StringBuilder("Volume " + name + ":");
        for (final VolumeSettingText setting : changes.keySet()) {
            line.append(line.charAt(line.length() - 1) == ':' ? " " : ", ");
            line.append(setting.key()).append(' ').append(setting.describe(info));
        }
        out().println(line.append('.'));
    }
}
