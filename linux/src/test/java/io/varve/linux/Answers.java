package io.varve.linux;

import java.util.ArrayList;
import java.util.List;

/** A completion handler that remembers what it was told. */
final class Answers implements IoRing.CompletionHandler {
    record Answer(long data, int result, boolean more) {}

    private final List<Answer> list = new ArrayList<>();

    @Override
    public void onCompletion(final long data, final int result, final int flags) {
        list.add(new Answer(data, result, (flags & IoRing.FLAG_MORE) != 0));
    }

    List<Answer> list() {
        return list;
    }

    /** What was told since the last call. */
    List<Answer> take() {
        final List<Answer> taken = List.copyOf(list);
        list.clear();
        return taken;
    }
}
