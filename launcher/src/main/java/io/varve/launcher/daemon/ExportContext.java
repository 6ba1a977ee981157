package io.varve.launcher.daemon;

import io.varve.block.BlockDevice;
import io.varve.block.Sessions;
import io.varve.linux.IoRing;
import io.varve.vhostuser.Lane;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * What an export is made with.
 *
 * @param volume     its name.
 * @param ring       the reactor's.
 * @param device     the volume; the export's own view of it.
 * @param sessions   where the export tells of its sessions.
 * @param possession the volume, as the daemon has it or not.
 * @param lanes      gives the threads beside the reactor that may serve reads: to the first that asks, and none to
 *                   others.
 * @param holdLimit  how long a client waits at most for an answer that waits for the store.
 */
record ExportContext(
        String volume,
        IoRing ring,
        BlockDevice device,
        Sessions sessions,
        Possession possession,
        Supplier<List<Lane>> lanes,
        Duration holdLimit) {}
