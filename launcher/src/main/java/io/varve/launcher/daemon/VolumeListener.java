package io.varve.launcher.daemon;

import io.varve.lsvd.VolumeStats;

/** Is told what becomes of a volume, on its own thread. May do nothing that waits. */
public interface VolumeListener {
    /** It could not be opened yet, and will be tried again; once for each reason. */
    void onRetry(ServedVolume volume, String reason);

    /** Someone else has it: it is followed until that one lets it go. The reason says who; once for each. */
    void onWaiting(ServedVolume volume, String reason);

    /** Front-ends can connect. */
    void onReady(ServedVolume volume);

    /** It answers every request with an error from now on. */
    void onFailing(ServedVolume volume, String reason);

    /** It ends, and still has so much to ship that this takes a while. */
    void onShipping(ServedVolume volume, long unsentBytes);

    /** It has ended as it was asked to. */
    void onEnded(ServedVolume volume, VolumeStats left);

    /** Its reactor has failed. What was acknowledged is in the log. */
    void onDied(ServedVolume volume, String reason);
}
