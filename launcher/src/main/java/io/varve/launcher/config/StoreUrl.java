package io.varve.launcher.config;

import io.varve.launcher.UserException;
import io.varve.lsvd.store.StoreException;
import io.varve.s3.S3Location;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Set;

/** Where a store is. Its text is the URL again. */
public sealed interface StoreUrl {
    /**
     * A directory store.
     *
     * @param path absolute path of the directory.
     */
    record Directory(Path path) implements StoreUrl {
        @Override
        public String toString() {
            try {
                return "file://" + new URI(null, null, path.toString(), null).getRawPath();
            } catch (final URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /**
     * A store in an S3 bucket.
     *
     * @param location of the store.
     */
    record S3(S3Location location) implements StoreUrl {
        @Override
        public String toString() {
            return location.toString();
        }
    }

    /**
     * Checks that nothing is said in vain: of a server, when the store is a directory.
     *
     * @param given keys of the settings that were given for this store, as options or by a client of the daemon. What the
     *              environment and the settings file say is for all stores, and counts where it can.
     * @throws UserException naming the first that can have no effect.
     */
    default void requireUseful(final Set<String> given) {
        final String vain = this instanceof Directory ? Setting.firstOption(Setting.OF_S3, given) : null;
        if (vain != null) {
            throw new UserException(
                    vain + ": store " + this + " is a directory: leave it out, or name an s3:// store with --store");
        }
    }

    /**
     * Reads a store's URL.
     *
     * @throws UserException when it is none.
     */
    static StoreUrl parse(final String text) {
        final String form = "give a directory as file:///DIR or a bucket as s3://BUCKET/PREFIX";
        if (text.startsWith(S3Location.SCHEME)) {
            try {
                return new S3(S3Location.parse(text));
            } catch (final StoreException e) {
                throw new UserException(e.getMessage(), e);
            }
        }
        final URI uri;
        try {
            uri = new URI(text);
        } catch (final URISyntaxException e) {
            throw new UserException("store '" + text + "' is not a URL (write a space as %20); " + form, e);
        }
        if (!"file".equalsIgnoreCase(uri.getScheme())) {
            throw new UserException("store '" + text + "' is of no known kind; " + form);
        }
        final boolean local = uri.getHost() == null || uri.getHost().equals("localhost");
        if (!local || uri.getPath() == null || !uri.getPath().startsWith("/")) {
            throw new UserException(
                    "store '" + text + "' does not name a local directory; " + form + ", with three slashes");
        }
        if (uri.getQuery() != null || uri.getFragment() != null) {
            throw new UserException(
                    "store '" + text + "': a file:// store takes no '?' or '#' (write them as %3F and %23)");
        }
        return new Directory(UserPath.of(uri.getPath()).normalize());
    }
}
