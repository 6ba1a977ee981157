package io.varve.launcher.config;

import io.varve.launcher.UserException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;

/**
 * Where a store is. This build knows directories only.
 *
 * @param directory absolute path of a directory store.
 */
public record StoreUrl(Path directory) {
    private static final String FORM = "give a directory as file:///DIR";

    /**
     * Reads a store's URL.
     *
     * @throws UserException when it is none, or of a kind that this build does not have.
     */
    public static StoreUrl parse(final String text) {
        if (text.startsWith("s3://")) {
            throw new UserException("store '" + text + "': this build has no s3:// stores yet; " + FORM);
        }
        final URI uri;
        try {
            uri = new URI(text);
        } catch (final URISyntaxException e) {
            throw new UserException("store '" + text + "' is not a URL (write a space as %20); " + FORM, e);
        }
        if (!"file".equalsIgnoreCase(uri.getScheme())) {
            throw new UserException("store '" + text + "' is of no known kind; " + FORM);
        }
        final boolean local = uri.getHost() == null || uri.getHost().equals("localhost");
        if (!local || uri.getPath() == null || !uri.getPath().startsWith("/")) {
            throw new UserException(
                    "store '" + text + "' does not name a local directory; " + FORM + ", with three slashes");
        }
        if (uri.getQuery() != null || uri.getFragment() != null) {
            throw new UserException(
                    "store '" + text + "': a file:// store takes no '?' or '#' (write them as %3F and %23)");
        }
        return new StoreUrl(Path.of(uri.getPath()).normalize());
    }

    @Override
    public String toString() {
        try {
            return "file://" + new URI(null, null, directory.toString(), null).getRawPath();
        } catch (final URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
