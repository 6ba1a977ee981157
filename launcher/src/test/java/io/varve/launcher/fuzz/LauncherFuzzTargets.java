package io.varve.launcher.fuzz;

import io.varve.launcher.control.ControlTarget;
import io.varve.testsupport.fuzz.FuzzTarget;
import io.varve.testsupport.fuzz.FuzzTargets;
import java.util.List;

/** Everything that the launcher reads. */
public final class LauncherFuzzTargets implements FuzzTargets {
    @Override
    public List<FuzzTarget> targets() {
        return List.of(new ControlTarget(), new SettingsFileTarget(), new SettingTextTarget());
    }
}
