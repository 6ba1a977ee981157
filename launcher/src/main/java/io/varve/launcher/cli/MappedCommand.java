package io.varve.launcher.cli;

import io.varve.hostdisks.DiskTable;
import io.varve.hostdisks.HostDisk;
import io.varve.hostdisks.HostDiskException;
import io.varve.hostdisks.HostDisks;
import io.varve.hostdisks.Mounts;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code varve mapped}: the volumes that are disks of this host. */
@Command(name = "mapped", description = "List the volumes that are disks of this host.")
final class MappedCommand extends Subcommand {
    @Option(names = "--json", description = "Answer in JSON.")
    private boolean json;

    private record Row(HostDisk disk, long size, List<Path> mounts, String trouble) {
        Map<String, Object> fields() {
            final Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("device", disk.device().toString());
            fields.put("volume", disk.volume());
            fields.put("size_bytes", size);
            fields.put("read_only", disk.isReadOnly());
            fields.put("mounted_at", mounts.stream().map(Path::toString).toList());
            fields.put("address", disk.address());
            fields.put("trouble", trouble);
            return fields;
        }
    }

    @Override
    public Integer call() {
        final DiskTable table = new DiskTable(DiskTable.DIRECTORY);
        final List<Row> rows = new ArrayList<>();
        try {
            for (final HostDisk disk : table.disks()) {
                rows.add(new Row(disk, HostDisks.size(disk), Mounts.of(disk), table.trouble(disk.index())));
            }
        } catch (final HostDiskException e) {
            throw new UserException(e.getMessage(), e);
        } catch (final IOException e) {
            throw new UserException("the list of mapped disks can't be read: " + e.getMessage(), e);
        }
        if (json) {
            out().println(JsonOutput.list(rows.stream().map(Row::fields).toList()));
        } else {
            print(rows);
        }
        out().flush();
        return ExitStatus.OK;
    }

    private void print(final List<Row> rows) {
        final TextTable table = new TextTable("llrll").row("DEVICE", "VOLUME", "SIZE", "ACCESS", "MOUNTED AT");
        for (final Row row : rows) {
            table.row(
                    row.disk.device().toString(),
                    row.disk.volume(),
                    ByteSize.format(row.size),
                    row.disk.isReadOnly() ? "read-only" : "read-write",
                    row.mounts.isEmpty()
                            ? "-"
                            : row.mounts.stream().map(Path::toString).collect(Collectors.joining(", ")));
        }
        table.print(out());
        for (final Row row : rows) {
            if (row.trouble != null) {
                out().println(row.disk.volume() + ": " + row.trouble);
            }
        }
    }
}
