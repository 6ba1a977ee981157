package io.varve.control;

import java.util.Map;

/**
 * A call about volumes, which the daemon carries out.
 *
 * @param <R> what is answered.
 */
public sealed interface DaemonCall<R extends Record> extends Call<R>
        permits AttachCall,
                DetachCall,
                GcPauseCall,
                GcResumeCall,
                GcStatusCall,
                LongCall,
                SnapshotCreateCall,
                SnapshotListCall,
                SnapshotProtectCall,
                SnapshotRemoveCall,
                SnapshotRenameCall,
                StatusCall,
                StoreInfoCall,
                VolumeCreateCall,
                VolumeFenceCall,
                VolumeInfoCall,
                VolumeListCall,
                VolumeMetadataCall,
                VolumeRenameCall,
                VolumeResizeCall,
                VolumeSetCall {
    /** Settings that differ from the daemon's, by their keys: they say where the volume is. */
    default Map<String, String> settings() {
        return Map.of();
    }
}
