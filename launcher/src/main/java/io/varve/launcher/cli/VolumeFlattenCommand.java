package io.varve.launcher.cli;

import io.varve.launcher.config.ByteSize;
import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.VolumeException;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve volume flatten}. */
@Command(
        name = "flatten",
        description =
                "Give a clone a copy of all its data, so that the volume it was made of may be removed; also while a"
                        + " daemon here serves it. Broken off, it goes on where it was the next time.")
final class VolumeFlattenCommand extends VolumeCommand.OnStore {
    @Parameters(paramLabel = "NAME", description = "Name of the clone.")
    private String name;

    @Mixin
    private CacheOption cache;

    private long toldBytes = -1;

    @Override
    String volume() {
        return name;
    }

    @Override
    void collect(final Map<String, String> given) {
        cache.collect(given);
    }

    @Override
    void run(final Volumes volumes) throws VolumeException {
        volumes.flatten(name, this::tell);
        if (json()) {
            final Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("name", name);
            fields.put("flat", true);
            out().println(JsonOutput.answer(fields));
        } else {
            out().println("Volume " + name + " shares nothing with other volumes now.");
        }
    }

    private void tell(final long bytesLeft) {
        if (bytesLeft > 0 && bytesLeft != toldBytes) {
            toldBytes = bytesLeft;
            err().println("varve: " + ByteSize.format(bytesLeft) + " left to copy");
            err().flush();
        }
    }
}
