package io.varve.launcher.daemon;

import io.varve.block.CloseReason;
import io.varve.block.SessionListener;
import io.varve.block.Sessions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The sessions of all exports of a volume, and what they mean together for whether this daemon {@linkplain Possession has}
 * it: a client is there while there is a session, and uses the volume while one does. One session may write at a time, or
 * several of a volume that is shared.
 *
 * <p>The reactor's, except {@link #status()}.
 */
final class VolumeSessions {
    private static final System.Logger LOGGER = System.getLogger(VolumeSessions.class.getName());

    private final String volume;
    private final Possession possession;
    private final OpeningChoices opening;
    private final Consumer<String> onLost;
    private final List<OpenSession> open = new ArrayList<>();
    private int writers;
    private int running;
    private int migrating;
    private volatile List<SessionStatus> status = List.of();

    /**
     * Begins without sessions.
     *
     * @param volume  its name, for messages.
     * @param opening says whether any session may write, and whether several may.
     * @param onLost  tells all exports that the device is lost, and why.
     */
    VolumeSessions(
            final String volume,
            final Possession possession,
            final OpeningChoices opening,
            final Consumer<String> onLost) {
        this.volume = volume;
        this.possession = possession;
        this.opening = opening;
        this.onLost = onLost;
    }

    /** Those of one export, whose device forgets its completions at the end of each. */
    Sessions of(final String protocol, final EngineBlockDevice device) {
        return new OfExport(protocol, device);
    }

    /** How each is. Any thread. */
    List<SessionStatus> status() {
        return status;
    }

    private void update() {
        status = open.stream().map(OpenSession::status).toList();
    }

    private final class OfExport implements Sessions {
        private final String protocol;
        private final EngineBlockDevice device;

        OfExport(final String protocol, final EngineBlockDevice device) {
            this.protocol = protocol;
            this.device = device;
        }

        @Override
        public boolean mayWrite() {
            return !opening.isReadOnly() && (opening.isShared() || writers == 0);
        }

        @Override
        public boolean isShared() {
            return opening.isShared();
        }

        @Override
        public SessionListener open(final String peer, final boolean isWriter) {
            if (isWriter && !mayWrite()) {
                throw new IllegalStateException("a session that may not write");
            }
            final OpenSession session = new OpenSession(this, peer, isWriter);
            open.add(session);
            writers += isWriter ? 1 : 0;
            update();
            if (open.size() == 1) {
                possession.frontEnd(true);
            }
            return session;
        }
    }

    private final class OpenSession implements SessionListener {
        private final OfExport export;
        private final String peer;
        private final boolean isWriter;
        private boolean isRunning;
        private boolean isMigrating;
        private boolean isHandingOver;

        OpenSession(final OfExport export, final String peer, final boolean isWriter) {
            this.export = export;
            this.peer = peer;
            this.isWriter = isWriter;
        }

        SessionStatus status() {
            return new SessionStatus(export.protocol, peer, isWriter, isRunning);
        }

        @Override
        public void onStarted() {
            running(true);
        }

        @Override
        public void onStopped() {
            running(false);
        }

        private void running(final boolean isOn) {
            isHandingOver = false;
            if (isRunning != isOn) {
                isRunning = isOn;
                running += isOn ? 1 : -1;
                update();
                if (running == (isOn ? 1 : 0)) {
                    possession.running(isOn);
                }
            }
        }

        @Override
        public void onRequestWaits() {
            possession.onAsked();
        }

        @Override
        public void onMigration(final boolean isOn) {
            if (isMigrating != isOn) {
                isMigrating = isOn;
                migrating += isOn ? 1 : -1;
                possession.migrating(migrating > 0);
            }
        }

        @Override
        public boolean isHandedOver() {
            if (!isHandingOver) {
                isHandingOver = true;
                endOthers();
            }
            return possession.isHandedOver();
        }

        /** They would wait for a volume that goes, and may not come back. */
        private void endOthers() {
            if (open.size() > 1) {
                LOGGER.log(
                        System.Logger.Level.INFO,
                        "volume {0}: goes to another host with its guest, which ends {1} other session(s)",
                        volume,
                        open.size() - 1);
                onLost.accept("the volume goes to another host");
            }
        }

        @Override
        public void onClosed(final CloseReason reason) {
            running(false);
            onMigration(false);
            open.remove(this);
            writers -= isWriter ? 1 : 0;
            update();
            export.device.forgetCompletions();
            if (open.isEmpty()) {
                possession.frontEnd(false);
            }
        }
    }
}
