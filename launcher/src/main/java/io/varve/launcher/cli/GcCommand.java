package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.config.ByteSize;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve gc}: the garbage collection of a volume that the daemon serves. */
@Command(
        name = "gc",
        description = "Show, pause and resume the garbage collection of a volume that the daemon serves.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = {GcCommand.Status.class, GcCommand.Pause.class, GcCommand.Resume.class})
final class GcCommand {
    private abstract static class OnDaemon extends Subcommand {
        @Parameters(paramLabel = "VOLUME", description = "Name of the volume.")
        private String volume;

        @Mixin
        private ControlOption control;

        @Option(names = "--json", description = "Answer in JSON.")
        private boolean json;

        @Override
        public final Integer call() {
            try (ControlClient daemon = control.connect(settings())) {
                final Map<String, Object> answer = daemon.call(method(), Map.of("volume", volume));
                if (json) {
                    out().println(JsonOutput.answer(answer));
                } else {
                    tell(answer);
                }
            }
            out().flush();
            return ExitStatus.OK;
        }

        abstract String method();

        abstract void tell(Map<String, Object> answer);
    }

    /** {@code varve gc status}. */
    @Command(
            name = "status",
            description = "Show how much of what is stored is garbage, and what collecting it has cost since the volume"
                    + " was attached.")
    static final class Status extends OnDaemon {
        @Override
        String method() {
            return "gc.status";
        }

        @Override
        void tell(final Map<String, Object> answer) {
            final long stored = number(answer, "stored_bytes");
            final long limit = number(answer, "gc_limit_bytes");
            final String work = stored > limit ? "at work" : "waits until more is stored";
            new TextTable("ll")
                    .row("collection", Boolean.TRUE.equals(answer.get("gc_paused")) ? "paused" : work)
                    .row("stored", size(answer, "stored_bytes") + " in " + number(answer, "objects") + " objects")
                    .row("limit", ByteSize.label(limit))
                    .row("live", size(answer, "live_bytes"))
                    .row("garbage", size(answer, "garbage_bytes"))
                    .row("dead", size(answer, "dead_bytes") + " to be deleted, or kept for snapshots and clones")
                    .row(
                            "collected",
                            size(answer, "gc_read_bytes") + " read, " + size(answer, "gc_cache_read_bytes")
                                    + " found in the read cache, " + size(answer, "gc_put_bytes") + " put")
                    .row("deleted", number(answer, "objects_deleted") + " objects")
                    .print(out());
        }

        private static long number(final Map<String, Object> answer, final String field) {
            return ((Number) answer.get(field)).longValue();
        }

        private static String size(final Map<String, Object> answer, final String field) {
            return ByteSize.label(number(answer, field));
        }
    }

    /** {@code varve gc pause}. */
    @Command(
            name = "pause",
            description = "Stop collecting after the current round, until 'varve gc resume' or the volume is detached."
                    + " The store grows meanwhile.")
    static final class Pause extends OnDaemon {
        @Override
        String method() {
            return "gc.pause";
        }

        @Override
        void tell(final Map<String, Object> answer) {
            out().println("Garbage collection of volume " + answer.get("volume") + " is paused.");
        }
    }

    /** {@code varve gc resume}. */
    @Command(name = "resume", description = "Go on collecting.")
    static final class Resume extends OnDaemon {
        @Override
        String method() {
            return "gc.resume";
        }

        @Override
        void tell(final Map<String, Object> answer) {
            out().println("Garbage collection of volume " + answer.get("volume") + " goes on.");
        }
    }
}
