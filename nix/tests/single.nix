# One machine: a volume in a directory is there at boot, a guest writes to it through restarts of the daemon and finds all of
# it after a crash of its own.
{ pkgs, lib, ... }:
let
  guest = import ./guest.nix { inherit pkgs lib; };
in
{
  name = "varve-single";

  nodes.machine = _: {
    imports = [ ../module.nix ];
    services.varve = {
      enable = true;
      volumes.data.size = "256M";
      cache.size = "64M";
      cache.readSize = "64M";
      metrics = "127.0.0.1:9464";
    };
    environment.systemPackages = guest.packages ++ [ pkgs.curl ];
    virtualisation = {
      cores = 2;
      memorySize = 2048;
      diskSize = 4096;
    };
  };

  testScript = ''
    start = "systemd-run --collect -E PATH --unit guest --property StandardOutput=file:/tmp/console ${
      lib.escapeShellArgs [
        "/bin/sh"
        "-c"
        (guest.run "start-vm" "--socket /run/varve/data.vhost.sock")
      ]
    }"
    console = "/tmp/console"


    def chunks():
        return int(machine.succeed(f"grep -c 'value wrote=' {console} || true"))


    def wait_for_more():
        least = chunks() + 20
        retry(lambda _: chunks() >= least)


    machine.wait_for_unit("varve-volume-data.service")
    machine.succeed("varve status data")
    machine.succeed("curl -sf http://127.0.0.1:9464/metrics | grep -q varve_")
    assert "varve" == machine.succeed("stat -c %U /run/varve/data.vhost.sock").strip()
    assert "kvm" == machine.succeed("stat -c %G /run/varve/data.vhost.sock").strip()
    machine.fail("su nobody -s /bin/sh -c 'varve status data'")

    with subtest("a guest writes"):
        machine.succeed(start)
        wait_for_more()

    with subtest("and goes on when the daemon is restarted or killed"):
        machine.succeed("systemctl restart varve-daemon.service")
        wait_for_more()
        machine.succeed("systemctl kill --signal KILL varve-daemon.service")
        wait_for_more()
        machine.fail(f"grep '@@ fail' {console}")

    with subtest("and finds everything after a crash"):
        machine.succeed("systemctl kill --signal KILL guest.service")
        machine.wait_until_fails("systemctl is-active guest.service")
        synced = machine.succeed(f"grep -o 'value wrote=1 [0-9]*' {console} | tail -n 1")
        least = int(synced.split(" ")[-1])
        machine.succeed("rm /tmp/console")
        machine.succeed(start)
        machine.wait_until_succeeds(f"grep -q 'step writing' {console}")
        found = machine.succeed(f"grep -o 'value found=1 [0-9]*' {console}")
        assert int(found.split(" ")[-1]) >= least, f"{found} of {least}"

    with subtest("and the volume is whole"):
        machine.succeed("systemctl stop guest.service varve-volume-data.service")
        machine.succeed("su varve -s /bin/sh -c 'varve volume verify data'")
  '';
}
