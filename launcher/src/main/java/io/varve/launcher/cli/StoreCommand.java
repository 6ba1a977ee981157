package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoreProbe;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code varve store}: stores themselves. */
@Command(
        name = "store",
        description = "Check a store.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = StoreCommand.Check.class)
final class StoreCommand {
    private static final long TIMEOUT_MS = 120_000;

    /** {@code varve store check}. */
    @Command(
            name = "check",
            description = "Try what volumes need of a store: creation of an object that fails when there is one, also"
                    + " when many try at once; ranged reads; listings that are in order and miss nothing; deletion."
                    + " Measure how long it takes. Some 60 MiB are written beside the volumes and removed again.",
            footerHeading = "%nExit status:%n",
            footer = {
                "  0 the store is fit; 1 it is not; 2 it can't be reached.",
                "",
                "Example:",
                "  varve store check s3://bucket/varve --s3-endpoint http://localhost:9000",
            })
    static final class Check extends Subcommand {
        @Mixin
        private StoreOption.Argument store;

        @Option(names = "--json", description = "Answer in JSON.")
        private boolean json;

        @Override
        public Integer call() {
            try (ObjectStore opened = store.open(settings())) {
                final StoreProbe probe = new StoreProbe(new StoreClient(opened, new SystemRuntime(), TIMEOUT_MS));
                boolean isChecked = false;
                try {
                    final int status = check(probe, opened.url());
                    isChecked = true;
                    return status;
                } finally {
                    cleanUp(probe, isChecked);
                }
            } catch (final StoreException e) {
                throw new UserException(e.getMessage(), e);
            }
        }

        private int check(final StoreProbe probe, final String url) throws StoreException {
            final List<StoreProbe.Finding> findings = new ArrayList<>();
            final boolean isFit = probe.checkAll(finding -> {
                findings.add(finding);
                if (!json) {
                    out().printf(
                                    "%-22s%-8s%s%n",
                                    finding.check(), finding.isKept() ? "ok" : "FAILED", finding.detail());
                    out().flush();
                }
            });
            final List<StoreProbe.Latency> latencies = isFit ? probe.latencies() : List.of();
            if (json) {
                out().println(JsonOutput.storeCheck(url, isFit, findings, latencies));
            } else {
                for (final StoreProbe.Latency latency : latencies) {
                    out().printf(
                                    Locale.ROOT,
                                    "%-22s%s  median of %d, at most %s%n",
                                    latency.operation(),
                                    milliseconds(latency.medianNs()),
                                    latency.samples(),
                                    milliseconds(latency.maxNs()));
                }
                out().println(url + (isFit ? " is fit to hold volumes." : " is NOT fit to hold volumes."));
            }
            out().flush();
            return isFit ? ExitStatus.OK : ExitStatus.FAILED;
        }

        /** @param isChecked false when the store could not be reached, which is told already. */
        private void cleanUp(final StoreProbe probe, final boolean isChecked) {
            try {
                probe.cleanUp();
            } catch (final StoreException e) {
                if (isChecked) {
                    err().println("varve: objects under " + probe.places() + " may be left: " + e.getMessage());
                }
            }
        }

        private static String milliseconds(final long ns) {
            return String.format(Locale.ROOT, "%.1f ms", ns / 1e6);
        }
    }
}
