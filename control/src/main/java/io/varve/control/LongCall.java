package io.varve.control;

/**
 * A call that may take longer than a second. With {@code job: true} it answers at once with a {@link JobStatus}.
 *
 * @param <R> what is answered without, and what the job's result is.
 */
public sealed interface LongCall<R extends Record> extends DaemonCall<R>
        permits SnapshotRollbackCall,
                VolumeChangesCall,
                VolumeCloneCall,
                VolumeDuCall,
                VolumeExportCall,
                VolumeFlattenCall,
                VolumeImportCall,
                VolumeRangesCall,
                VolumeRemoveCall,
                VolumeVerifyCall {}
