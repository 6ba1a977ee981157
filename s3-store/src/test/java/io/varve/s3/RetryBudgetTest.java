package io.varve.s3;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RetryBudgetTest {
    @Test
    void isSpentByAttemptsAndEarnedBySuccesses() {
        final RetryBudget budget = new RetryBudget(2);
        assertThat(budget.take()).isTrue();
        assertThat(budget.take()).isTrue();
        assertThat(budget.take()).isFalse();
        for (int i = 0; i < RetryBudget.SUCCESSES_PER_TOKEN - 1; i++) {
            budget.succeeded();
        }
        assertThat(budget.take()).isFalse();
        budget.succeeded();
        assertThat(budget.take()).isTrue();
        assertThat(budget.take()).isFalse();
    }

    @Test
    void holdsNoMoreThanAtFirst() {
        final RetryBudget budget = new RetryBudget(1);
        for (int i = 0; i < 100; i++) {
            budget.succeeded();
        }
        assertThat(budget.take()).isTrue();
        assertThat(budget.take()).isFalse();
    }
}
