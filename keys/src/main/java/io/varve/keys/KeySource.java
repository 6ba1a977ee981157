package io.varve.keys;

import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.crypto.KeyWrapper;
import java.nio.file.Path;
import java.util.Map;

/**
 * Where a key-encryption key comes from, as users write it: {@code file:PATH}, {@code credential:NAME}, {@code exec:COMMAND} or
 * {@code aws-kms:ARN}. Nothing in the text is secret. Any thread.
 */
public sealed interface KeySource permits FileKeySource, CredentialKeySource, CommandKeySource, KmsKeySource {
    /** What the forms are, for messages. */
    String FORMS = "file:PATH, credential:NAME, exec:COMMAND or aws-kms:ARN";

    /**
     * Gets what wraps data keys. Whoever has it closes it.
     *
     * @throws KeyException when the key can't be had: missing, unreadable, of the wrong length.
     */
    Wrapper open() throws KeyException;

    /** The text that this was read from. */
    @Override
    String toString();

    /** What wraps data keys, and may hold a key that is wiped when it is closed. */
    interface Wrapper extends KeyWrapper, AutoCloseable {
        @Override
        void close();
    }

    /**
     * Reads a text; nothing is looked up yet.
     *
     * @throws KeyException when it is of none of the forms.
     */
    static KeySource parse(final String text) throws KeyException {
        return parse(text, System.getenv());
    }

    /** As {@link #parse(String)}, with variables of the environment. */
    static KeySource parse(final String text, final Map<String, String> environment) throws KeyException {
        final int colon = text.indexOf(':');
        final String kind = colon < 0 ? "" : text.substring(0, colon);
        final String rest = text.substring(colon + 1);
        if (text.indexOf('\n') >= 0 || text.indexOf('\0') >= 0) {
            throw new KeyException("a key source is one line");
        }
        return switch (kind) {
            case FileKeySource.KIND -> new FileKeySource(path(rest));
            case CredentialKeySource.KIND ->
                new CredentialKeySource(credential(rest), environment.get("CREDENTIALS_DIRECTORY"));
            case CommandKeySource.KIND -> new CommandKeySource(CommandWords.split(rest), rest);
            case KmsKeySource.KIND -> KmsKeySource.of(rest, environment);
            default -> throw new KeyException("'" + text + "' is no key source: write " + FORMS);
        };
    }

    private static Path path(final String text) throws KeyException {
        if (text.isEmpty()) {
            throw new KeyException("file: has no path: write file:/etc/varve/key");
        }
        return Path.of(text);
    }

    private static String credential(final String name) throws KeyException {
        if (!name.matches("[A-Za-z0-9._-]{1,255}") || name.startsWith(".")) {
            throw new KeyException("'" + name + "' is no name of a credential: letters, digits and _ - . only");
        }
        return name;
    }
}
