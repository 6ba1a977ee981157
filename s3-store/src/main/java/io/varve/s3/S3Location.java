package io.varve.s3;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import java.util.regex.Pattern;

/**
 * A place for a store: a bucket and what all its keys begin with.
 *
 * @param bucket the bucket's name.
 * @param prefix empty, or ending with a slash.
 */
public record S3Location(String bucket, String prefix) {
    /** What addresses begin with. */
    public static final String SCHEME = "s3://";

    /** Greatest length of an S3 key in bytes (S3 user guide, "Naming Amazon S3 objects"). */
    static final int MAX_S3_KEY_LENGTH = 1024;

    private static final int MAX_PREFIX_LENGTH = MAX_S3_KEY_LENGTH - ObjectStore.MAX_KEY_LENGTH;
    private static final String FORM = "; give it as s3://BUCKET or s3://BUCKET/PREFIX";
    private static final Pattern BUCKET = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]");
    private static final Pattern PREFIX =
            Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*");

    /**
     * Reads an address of the form {@code s3://BUCKET} or {@code s3://BUCKET/PREFIX}; a slash at its end makes no difference.
     *
     * @throws StoreException when it is none: one line that says why.
     */
    public static S3Location parse(final String url) throws StoreException {
        if (!url.startsWith(SCHEME)) {
            throw new StoreException("store '" + url + "' is not an S3 address" + FORM);
        }
        final String rest = url.substring(SCHEME.length());
        final int slash = rest.indexOf('/');
        final String bucket = slash < 0 ? rest : rest.substring(0, slash);
        final String path = slash < 0 ? "" : rest.substring(slash + 1);
        final String prefix = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        if (bucket.isEmpty()) {
            throw new StoreException("store '" + url + "' names no bucket" + FORM);
        }
        if (bucket.indexOf('@') >= 0 || bucket.indexOf(':') >= 0) {
            throw new StoreException("store '" + url.replaceFirst("//[^/]*@", "//***@")
                    + "': credentials and ports are no part of the address" + FORM);
        }
        if (!BUCKET.matcher(bucket).matches() || bucket.contains("..")) {
            throw new StoreException("store '" + url + "': '" + bucket + "' is no name for a bucket: 3 to 63 letters,"
                    + " digits, '-', '.' and '_', a letter or digit at both ends");
        }
        if (!prefix.isEmpty() && !PREFIX.matcher(prefix).matches()) {
            throw new StoreException(
                    "store '" + url + "': the prefix '" + prefix + "' must be letters, digits, '-', '.'"
                            + " and '_', in parts between single slashes that do not begin with '.'");
        }
        if (prefix.length() >= MAX_PREFIX_LENGTH) {
            throw new StoreException(
                    "store '" + SCHEME + bucket + "/...': the prefix is longer than " + (MAX_PREFIX_LENGTH - 1));
        }
        return new S3Location(bucket, prefix.isEmpty() ? "" : prefix + "/");
    }

    /** The key in the bucket of an object of the store. */
    String s3Key(final String key) {
        return prefix + key;
    }

    /** The address as users write it. */
    @Override
    public String toString() {
        return prefix.isEmpty() ? SCHEME + bucket : SCHEME + bucket + "/" + prefix.substring(0, prefix.length() - 1);
    }
}
