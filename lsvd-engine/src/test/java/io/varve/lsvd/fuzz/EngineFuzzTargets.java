package io.varve.lsvd.fuzz;

import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.HotSet;
import io.varve.lsvd.format.KeyRecord;
import io.varve.lsvd.format.MetadataRecord;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.format.RescueHeader;
import io.varve.lsvd.format.SettingsRecord;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.testsupport.fuzz.FuzzTarget;
import io.varve.testsupport.fuzz.FuzzTargets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Everything that the engine reads. */
public final class EngineFuzzTargets implements FuzzTargets {
    private static final long EPOCH = 3;

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                new CacheFileTarget(),
                new DifferenceTarget(),
                new HistoryTarget(),
                new LogFileTarget(),
                small(
                        "clone-record",
                        "clone-1",
                        record -> CloneRecord.decode("it", record).encode()),
                small(
                        "epoch-record",
                        "epoch-4",
                        record -> EpochRecord.decode("it", record).encode()),
                small(
                        "hot-set",
                        "hot_set-1",
                        record -> HotSet.decode("it", record, Inputs.VOLUME, EPOCH)
                                .encode()),
                small(
                        "key-record",
                        "keys-1",
                        record -> KeyRecord.decode("it", record).encode()),
                small(
                        "name-record",
                        "name-2",
                        record -> NameRecord.decode("it", record).encode()),
                small(
                        "metadata-record",
                        "metadata-1",
                        record -> MetadataRecord.decode("it", record).encode()),
                new ObjectHeaderTarget(),
                small("rescue-header", "rescue-1", record -> block(RescueHeader.decode("it", record)::encode)),
                small(
                        "settings-record",
                        "settings-2",
                        record -> SettingsRecord.decode("it", record).encode()),
                small(
                        "snapshot-record",
                        "snapshot-1",
                        record -> SnapshotRecord.decode("it", record).encode()),
                small("superblock", "superblock-3", record -> block(Superblock.decode("it", record)::encode)));
    }

    private static FuzzTarget small(final String name, final String golden, final SmallRecordTarget.Reader reader) {
        final byte[] file = Inputs.golden("format/" + golden);
        return new SmallRecordTarget(name, Arrays.copyOf(file, Seal.view(file).getInt(12)), reader);
    }

    private static MemorySegment block(final Consumer<MemorySegment> encoder) {
        final MemorySegment block = Arena.ofAuto().allocate(Superblock.LENGTH);
        encoder.accept(block);
        return block;
    }
}
