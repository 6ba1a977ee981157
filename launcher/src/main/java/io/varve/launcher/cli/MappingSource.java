package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.hostdisks.HostDisk;
import io.varve.launcher.UserException;
import io.varve.launcher.control.RemoteVolumes;
import io.varve.launcher.volume.SnapshotName;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A volume of this host's daemon that is to be mapped: the daemon is to serve it over NBD. */
final class MappingSource {
    private final ControlClient daemon;
    private final Path control;
    private final String volume;
    private final boolean isReadOnly;
    private final String identifier;

    /**
     * Asks the daemon what the volume is.
     *
     * @param control the daemon's socket.
     * @param volume  or snapshot.
     * @throws UserException when there is none.
     */
    MappingSource(final ControlClient daemon, final Path control, final String volume, final boolean isReadOnly) {
        this.daemon = daemon;
        this.control = control;
        this.volume = volume;
        this.isReadOnly = isReadOnly;
        final RemoteVolumes volumes = new RemoteVolumes(daemon, Map.of());
        if (SnapshotName.isSnapshot(volume)) {
            final SnapshotName snapshot = SnapshotName.parse(volume);
            identifier = volumes.info(snapshot.volume()).uuid() + "@" + snapshot.snapshot();
        } else {
            identifier = volumes.info(volume).uuid().toString();
        }
    }

    /** The uuid of the volume, with the name of the snapshot behind it if it is one. */
    String identifier() {
        return identifier;
    }

    /**
     * Has it served, unless it is already.
     *
     * @return a disk without device.
     * @throws UserException when it is served, but not over NBD, or can't be.
     */
    HostDisk prepare() {
        for (final Object each : (List<?>) daemon.call("status", Map.of()).get("volumes")) {
            if (each instanceof final Map<?, ?> status && volume.equals(status.get("volume"))) {
                return new HostDisk(-1, volume, identifier, address(status), volume, isReadOnly, "");
            }
        }
        final String own = "unix:" + control.resolveSibling(socketName());
        final Map<String, Object> params = new LinkedHashMap<>();
        params.put("volume", volume);
        params.put("nbd", List.of(own));
        params.put("read_only", isReadOnly);
        daemon.call("attach", params);
        // Whatever the volume's name will be, only this one is served there.
        return new HostDisk(-1, volume, identifier, own, "", isReadOnly, control.toString());
    }

    /** Has it served no more, if it was only to be mapped. */
    void undo(final HostDisk prepared) {
        if (!prepared.control().isEmpty()) {
            daemon.call("detach", Map.of("volume", volume));
        }
    }

    private String address(final Map<?, ?> status) {
        for (final Object each : (List<?>) status.get("exports")) {
            if (each instanceof final Map<?, ?> export && "nbd".equals(export.get("protocol"))) {
                return (String) export.get("address");
            }
        }
        throw new UserException("volume '" + volume
                + "' is attached already, and not over NBD: detach it first, or attach it with --nbd as well");
    }

    /** Always as long, since the path of a socket has its limit. */
    private String socketName() {
        return UUID.nameUUIDFromBytes(identifier.getBytes(StandardCharsets.UTF_8)) + ".map.sock";
    }
}
