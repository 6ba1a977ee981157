package io.varve.launcher.cli;

import picocli.CommandLine.IVersionProvider;

/** The version as the build wrote it into the jar's manifest. */
final class VersionProvider implements IVersionProvider {
    @Override
    public String[] getVersion() {
        final String version = VersionProvider.class.getPackage().getImplementationVersion();
        return new String[] {"varve " + (version == null ? "(not built as a jar)" : version)};
    }
}
