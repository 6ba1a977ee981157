package io.varve.lsvd.destage;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.write.AcknowledgementGate;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A volume with a bound on age and a fence timeout: both must hold at the moment of an answer. */
class ProofAndBoundsTest {
    private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long FENCE_MS = 200;
    private static final long AGE_MS = 300;
    private static final VolumeSettings SETTINGS =
            VolumeSettings.ofSize(1 << 30).withFenceTimeoutMs(FENCE_MS).withMaxUnsentAgeMs(AGE_MS);

    private final List<Long> released = new ArrayList<>();
    private long nowNs;
    private final BatchCutter cutter =
            new BatchCutter(new Superblock.Tail(0, 1, 0), Long.MAX_VALUE / 2, 1 << 30, SETTINGS);
    private final EpochProof proof = new EpochProof(null, new UUID(1, 2), 3, FENCE_MS * MS, () -> nowNs, 0);
    private final AcknowledgementGate gate =
            new AcknowledgementGate(SETTINGS, cutter, proof, () -> nowNs, released::add);

    @Test
    void aWriteThatWaitedForAProofIsNotLetOutBeyondItsBound() {
        cutter.onSealed(8192, 1, 0, true, false, 1, 0);
        nowNs = (FENCE_MS + 10) * MS;
        gate.write(7, 8192);
        assertThat(released).isEmpty();
        nowNs = (AGE_MS + 10) * MS;
        proof.prove(nowNs);
        gate.doWork();
        assertThat(released).as("answers while the store lacks an older record").isEmpty();
        cutter.cut();
        cutter.poll(1, nowNs);
        gate.onStored(8192, 1);
        gate.doWork();
        assertThat(released).containsExactly(7L);
    }

    @Test
    void aWriteThatWaitedForItsBoundIsNotLetOutWithoutAProof() {
        cutter.onSealed(8192, 1, 0, true, false, 1, 0);
        nowNs = (AGE_MS + 10) * MS;
        proof.prove(nowNs);
        gate.write(7, 8192);
        assertThat(released).isEmpty();
        nowNs += (FENCE_MS + 10) * MS;
        cutter.cut();
        cutter.poll(1, nowNs);
        gate.onStored(8192, 1);
        gate.doWork();
        assertThat(released).as("answers without a proof").isEmpty();
        proof.prove(nowNs);
        gate.doWork();
        assertThat(released).containsExactly(7L);
    }

    @Test
    void aReadNeedsAProofAlone() {
        cutter.onSealed(8192, 1, 0, true, false, 1, 0);
        nowNs = (AGE_MS + 10) * MS;
        gate.answer(5);
        assertThat(released).isEmpty();
        proof.prove(nowNs);
        gate.doWork();
        assertThat(released).containsExactly(5L);
    }
}
