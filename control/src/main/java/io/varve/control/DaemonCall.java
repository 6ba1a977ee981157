package io.varve.control;

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
                VolumeResizeCall,
                VolumeSetCall {}
