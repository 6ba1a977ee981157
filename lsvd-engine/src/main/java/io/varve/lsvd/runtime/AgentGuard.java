package io.varve.lsvd.runtime;

import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;

/**
 * An agent that goes on after whatever the one inside throws, later and later: see {@link UnexpectedErrors}. So none dies, and none
 * spins, without a word. What is about to end an agent passes: {@link AgentTerminationException} and interruption.
 *
 * <p>An agent that can't go on after an error in the middle of something has to see to that itself.
 */
public final class AgentGuard implements PunctualAgent {
    private final Agent agent;
    private final UnexpectedErrors errors;

    /** Guards an agent, with a monotonic clock in nanoseconds. */
    public AgentGuard(final Agent agent, final LongSupplier clockNs) {
        this.agent = agent;
        errors = new UnexpectedErrors(agent.roleName(), clockNs);
    }

    /** The last unexpected error in one line, or null when there has been none lately. Any thread. */
    public String trouble() {
        return errors.last();
    }

    @Override
    public String roleName() {
        return agent.roleName();
    }

    @Override
    public boolean isPunctual() {
        return agent instanceof PunctualAgent punctual && punctual.isPunctual();
    }

    @Override
    public void onStart() {
        agent.onStart();
    }

    @Override
    public int doWork() {
        if (errors.isTooEarly()) {
            return 0;
        }
        try {
            final int work = agent.doWork();
            errors.onSuccess();
            return work;
        } catch (final AgentTerminationException e) {
            throw e;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        } catch (final Throwable e) {
            errors.onError(e);
            return 0;
        }
    }

    @Override
    public void onClose() {
        agent.onClose();
    }
}
