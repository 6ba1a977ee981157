package io.varve.launcher.cli;

import io.varve.control.rpc.Json;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.control.LiveFigures;
import io.varve.launcher.volume.Descriptions;
import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve volume du}. */
@Command(
        name = "du",
        description = "Show what volumes take of the store, and for what: counted from the store, so without what a"
                + " daemon has not put there yet.",
        footerHeading = "%nColumns:%n",
        footer = {
            "  SIZE       of the disk",
            "  MAPPED     of it holds data; what is not LIVE as well is shared with the volume's ancestors",
            "  LIVE       data in its own objects",
            "  GARBAGE    overwritten data that has not been collected, and objects about to be deleted",
            "  SNAPSHOTS  objects kept for snapshots and clones only",
            "  STORED     all of that, with headers and checkpoints",
            "  CACHED     of its objects in the read cache, while a daemon here serves it",
            "  FREED      by its removal; nothing while it has clones",
        })
final class VolumeDuCommand extends VolumeCommand.OnStore {
    @Parameters(paramLabel = "NAME", arity = "0..1", description = "Name of a volume (default: all).")
    private String name;

    @Mixin
    private CacheOption cache;

    @Override
    String volume() {
        return name;
    }

    @Override
    void run(final Volumes volumes) throws VolumeException {
        final List<String> names = name != null ? List.of(name) : readable(volumes.list());
        final Path cacheDirectory = cache.directory(settings());
        final List<Map<String, Object>> all = new ArrayList<>();
        for (final String each : names) {
            try {
                final VolumeUsage usage = volumes.usage(each);
                final Map<String, Object> fields = Json.ofRecord(Descriptions.of(usage));
                fields.put("cached_bytes", cachedBytes(cacheDirectory, usage));
                all.add(fields);
            } catch (final VolumeException | UserException e) {
                if (name != null) {
                    throw e;
                }
                tellBroken(e.getMessage());
            }
        }
        if (json()) {
            out().println(JsonOutput.list(all));
        } else {
            print(all);
        }
    }

    private List<String> readable(final List<VolumeInfo> all) {
        tellUnreadable(all);
        return all.stream().filter(VolumeInfo::isReadable).map(VolumeInfo::name).toList();
    }

    private static Object cachedBytes(final Path cacheDirectory, final VolumeUsage usage) throws VolumeException {
        try {
            final Map<String, Object> live = LiveFigures.of(cacheDirectory, usage.uuid());
            return live == null ? null : live.get("cached_bytes");
        } catch (final IOException e) {
            throw new VolumeException("cannot read live figures: " + e.getMessage(), e);
        }
    }

    private void print(final List<Map<String, Object>> all) {
        final TextTable table = new TextTable("lrrrrrrrr")
                .row("VOLUME", "SIZE", "MAPPED", "LIVE", "GARBAGE", "SNAPSHOTS", "STORED", "CACHED", "FREED");
        for (final Map<String, Object> fields : all) {
            table.row(
                    fields.get("name").toString(),
                    size(fields, "size_bytes"),
                    size(fields, "mapped_bytes"),
                    size(fields, "live_bytes"),
                    size(fields, "garbage_bytes"),
                    size(fields, "snapshot_bytes"),
                    size(fields, "stored_bytes"),
                    size(fields, "cached_bytes"),
                    size(fields, "freed_bytes"));
        }
        table.print(out());
    }

    private static String size(final Map<String, Object> fields, final String field) {
        return fields.get(field) instanceof Number bytes ? ByteSize.label(bytes.longValue()) : "-";
    }
}
