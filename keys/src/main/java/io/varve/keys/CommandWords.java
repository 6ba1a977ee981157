package io.varve.keys;

import io.varve.lsvd.crypto.KeyException;
import java.util.ArrayList;
import java.util.List;

/** A command line's words: at white space, but for what stands in single or double quotes or behind a backslash. No shell is asked. */
final class CommandWords {
    private CommandWords() {}

    static List<String> split(final String line) throws KeyException {
        final List<String> words = new ArrayList<>();
        StringBuilder word = null;
        char quote = 0;
        for (int i = 0; i < line.length(); i++) {
            final char c = line.charAt(i);
            if (quote == 0 && (c == ' ' || c == '\t')) {
                if (word != null) {
                    words.add(word.toString());
                    word = null;
                }
                continue;
            }
            word = word == null ? new StringBuilder() : word;
            if (c == '\\' && quote != '\'' && i + 1 < line.length()) {
                word.append(line.charAt(++i));
            } else if (c == quote) {
                quote = 0;
            } else if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
            } else {
                word.append(c);
            }
        }
        if (quote != 0) {
            throw new KeyException("exec: has a quote without an end: " + quote);
        }
        if (word != null) {
            words.add(word.toString());
        }
        if (words.isEmpty()) {
            throw new KeyException("exec: has no command: write exec:/usr/local/bin/print-key");
        }
        return words;
    }
}
