package io.varve.control.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.control.Event;
import io.varve.control.EventsFollowCall;
import org.junit.jupiter.api.Test;

class EventsTest {
    private final Events events = new Events();

    @Test
    void eachFollowerHearsAllInOrder() throws InterruptedException {
        events.tell(Event.Type.CREATED, "before");
        try (Events.Follower all = events.follow(new EventsFollowCall(null));
                Events.Follower one = events.follow(new EventsFollowCall("b"))) {
            assertThat(all.begin()).isEqualTo(1);
            events.tell(Event.Type.CREATED, "a");
            events.tell(Event.Type.SNAPSHOT_CREATED, "b", "s", null);
            assertThat(all.next(1)).isEqualTo(new Event(2, Event.Type.CREATED, "a", null, null));
            assertThat(all.next(1)).isEqualTo(new Event(3, Event.Type.SNAPSHOT_CREATED, "b", "s", null));
            assertThat(all.next(1)).isNull();
            assertThat(one.next(1).sequence()).isEqualTo(3);
        }
    }

    @Test
    void oneThatIsTooSlowIsToldWhatItMissed() throws InterruptedException {
        try (Events.Follower slow = events.follow(new EventsFollowCall(null))) {
            for (int i = 0; i < Events.MAX_WAITING + 5; i++) {
                events.tell(Event.Type.CHANGED, "v");
            }
            assertThat(slow.next(1)).isEqualTo(new Event(5, Event.Type.MISSED, null, null, null));
            for (int i = 6; i <= Events.MAX_WAITING + 5; i++) {
                assertThat(slow.next(1).sequence()).isEqualTo(i);
            }
            assertThat(slow.next(1)).isNull();
        }
    }
}
