package io.varve.launcher.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.Duty;
import io.varve.linux.IoRing;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReactorTest {
    private static final long POLL_NS = 1_000_000;

    private final List<String> steps = new ArrayList<>();
    private int workLeft;
    private int turnsThatSleep;
    private int answeredInASleep;
    private boolean isWorkFoundWhenArming;
    private boolean endsWhenArming;
    private boolean isEnded;

    @Test
    void pollsForAWhileAfterTheLastWorkAndThenSleeps() {
        workLeft = 3;
        final long startNs = System.nanoTime();
        run();
        assertThat(System.nanoTime() - startNs).isGreaterThanOrEqualTo(POLL_NS);
        assertThat(steps).containsExactly("work", "work", "work", "arm", "sleep 7000000", "disarm");
    }

    @Test
    void doesNotSleepWhenArmingFindsWork() {
        isWorkFoundWhenArming = true;
        run();
        assertThat(steps).containsExactly("arm", "disarm", "work", "arm", "sleep 7000000", "disarm");
    }

    @Test
    void doesNotSleepWhenTheEndComesWhileArming() {
        endsWhenArming = true;
        run();
        assertThat(steps).containsExactly("arm", "disarm");
    }

    @Test
    void sleepsAgainAtOnceWhenASleepBroughtNothing() {
        turnsThatSleep = 2;
        run();
        assertThat(steps).containsExactly("arm", "sleep 7000000", "disarm", "arm", "sleep 7000000", "disarm");
    }

    @Test
    void pollsAgainAfterASleepThatBroughtSomething() {
        turnsThatSleep = 2;
        answeredInASleep = 1;
        final long startNs = System.nanoTime();
        run();
        assertThat(System.nanoTime() - startNs).isGreaterThanOrEqualTo(POLL_NS + POLL_NS / 2);
        assertThat(steps).containsExactly("arm", "sleep 7000000", "disarm", "arm", "sleep 7000000", "disarm");
    }

    private void run() {
        turnsThatSleep = Math.max(1, turnsThatSleep);
        new Reactor(ring(), new Script(), POLL_NS).runUntil(() -> isEnded);
    }

    private final class Script implements Duty {
        @Override
        public int doWork() {
            if (workLeft == 0) {
                return 0;
            }
            workLeft--;
            steps.add("work");
            return 1;
        }

        @Override
        public boolean armNotifications() {
            steps.add("arm");
            isEnded = endsWhenArming;
            if (isWorkFoundWhenArming) {
                isWorkFoundWhenArming = false;
                workLeft = 1;
                return true;
            }
            return false;
        }

        @Override
        public void disarmNotifications() {
            steps.add("disarm");
        }

        @Override
        public long maxIdleNs() {
            return TimeUnit.MILLISECONDS.toNanos(7);
        }
    }

    private IoRing ring() {
        return (IoRing) Proxy.newProxyInstance(
                IoRing.class.getClassLoader(), new Class<?>[] {IoRing.class}, (self, method, args) -> {
                    final long waitNs = (Long) args[0];
                    if (waitNs != 0) {
                        steps.add("sleep " + waitNs);
                        isEnded = --turnsThatSleep == 0;
                        return answeredInASleep;
                    }
                    return 0;
                });
    }
}
