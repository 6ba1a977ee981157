# Three machines: an S3 server, and two hypervisors between which a guest moves while it writes; then the one that it is on dies.
{ pkgs, lib, ... }:
let
  guest = import ./guest.nix { inherit pkgs lib; };
  port = 7480;

  hypervisor = _: {
    imports = [ ../module.nix ];
    services.varve = {
      enable = true;
      store = "s3://varve/site";
      s3.endpoint = "http://store:${toString port}";
      s3.pathStyle = true;
      # Those of dev/ceph-rgw, a throw-away server.
      credentialsFile = "/etc/varve/credentials";
      cache.size = "64M";
      cache.readSize = "64M";
    };
    environment.etc."varve/credentials".text = ''
      AWS_ACCESS_KEY_ID=varve-access-key
      AWS_SECRET_ACCESS_KEY=varve-secret-key-of-a-throw-away-server
    '';
    environment.systemPackages = guest.packages;
    networking.firewall.allowedTCPPorts = [ 4444 ];
    virtualisation = {
      cores = 2;
      memorySize = 2048;
      diskSize = 4096;
    };
  };

  start =
    script: arguments:
    "systemd-run --collect -E PATH --unit guest --property StandardOutput=append:/tmp/console "
    + lib.escapeShellArgs [
      "/bin/sh"
      "-c"
      (guest.run script "--socket /run/varve/site.vhost.sock --qmp /run/guest.qmp ${arguments}")
    ];
in
{
  name = "varve-migration";

  nodes = {
    store = _: {
      environment.systemPackages = [
        pkgs.ceph
        pkgs.curl
        pkgs.openssl
        pkgs.util-linux
      ];
      networking.firewall.allowedTCPPorts = [ port ];
      virtualisation = {
        cores = 2;
        memorySize = 4096;
        diskSize = 4096;
      };
    };
    hv1 = hypervisor;
    hv2 = hypervisor;
  };

  testScript = ''
    MOVES = 4


    def chunks(host):
        return int(host.succeed("grep -c 'value wrote=' /tmp/console || true"))


    def wait_for_more(host):
        least = chunks(host) + 20
        retry(lambda _: chunks(host) >= least)
        host.fail("grep '@@ fail' /tmp/console")


    start_all()
    store.wait_for_unit("multi-user.target")
    store.succeed(
        "VARVE_RGW_ADDRESS=0.0.0.0 VARVE_RGW_PORT=${toString port} ${guest.scripts}/dev/ceph-rgw start /tmp/rgw"
    )
    for host in [hv1, hv2]:
        host.wait_for_unit("varve-daemon.service")
    control = "--control /run/varve/control.sock"
    hv1.succeed(f"varve volume create site --size 64M --durability store {control}")
    for host in [hv1, hv2]:
        host.succeed(f"varve attach site {control}")

    with subtest("a guest writes"):
        hv1.succeed("${start "start-sender-vm" ""}")
        wait_for_more(hv1)

    here, there = hv1, hv2
    for move in range(MOVES):
        with subtest(f"move {move + 1}"):
            there.succeed("${start "start-receiver-vm" "--listen 0.0.0.0:4444"}")
            there.wait_until_succeeds("test -S /run/guest.qmp")
            migrate = "${guest.scripts}/qemu-scripts/migrate --qmp /run/guest.qmp"
            print(here.succeed(f"{migrate} --to {there.name}:4444"))
            here.wait_until_fails("systemctl is-active guest.service")
            wait_for_more(there)
            here, there = there, here

    with subtest("its host dies, and the other one takes over"):
        synced = here.succeed("grep -o 'value wrote=1 [0-9]*' /tmp/console | tail -n 1")
        least = int(synced.split(" ")[-1])
        here.crash()
        there.succeed(f"varve detach site {control}")
        there.succeed(f"varve attach site --take-over {control}")
        there.succeed("rm -f /tmp/console")
        there.succeed("${start "start-sender-vm" ""}")
        there.wait_until_succeeds("grep -q 'step writing' /tmp/console")
        found = there.succeed("grep -o 'value found=1 [0-9]*' /tmp/console")
        assert int(found.split(" ")[-1]) >= least, f"{found} of {least}"
        wait_for_more(there)
  '';
}
