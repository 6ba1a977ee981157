# Packages that are names only, and the functions that nix/ calls of nixpkgs. For nix/check alone.
let
  lib = import ./lib.nix;

  derivation = name: {
    inherit name;
    outPath = "/nix/store/${name}";
  };

  named = builtins.listToAttrs (
    map (name: lib.nameValuePair name (derivation name)) [
      "bash"
      "ceph"
      "coreutils"
      "curl"
      "findutils"
      "gnugrep"
      "lz4"
      "makeWrapper"
      "openssl"
      "qemu"
      "socat"
      "util-linux"
      "zstd"
    ]
  );

  # What buildMavenPackage takes; anything else would go to the derivation unseen.
  buildMavenPackage =
    arguments:
    derivation "${arguments.pname}-${arguments.version}"
    // {
      inherit (arguments) installPhase;
      checked = map (name: arguments.${name}) [
        "src"
        "mvnHash"
        "mvnParameters"
        "installPhase"
        "nativeBuildInputs"
        "meta"
      ];
    };
in
named
// rec {
  maven = { inherit buildMavenPackage; };
  jdk25_headless = derivation "jdk25" // {
    home = "/nix/store/jdk25/lib/openjdk";
  };
  linux = derivation "linux" // {
    modules = derivation "linux-modules";
  };
  pkgsStatic.busybox = derivation "busybox-static";
  stdenv.hostPlatform.linux-kernel.target = "bzImage";

  formats.toml = _: {
    type = {
      name = "TOML";
      check = builtins.isAttrs;
      complete = _: value: value;
    };
    generate = name: value: derivation name // { inherit value; };
  };

  runCommand =
    name: attributes: script:
    derivation name // { inherit script; };

  testers.runNixOSTest =
    file:
    let
      test = import file { inherit pkgs lib; };
      evaluateNode =
        node:
        let
          settings = node { inherit pkgs lib; };
        in
        map (
          module:
          lib.evaluate {
            inherit pkgs module settings;
          }
        ) (settings.imports or [ ]);
    in
    {
      inherit (test) name testScript;
      nodes = builtins.mapAttrs (_: evaluateNode) test.nodes;
    };

  callPackage =
    file: arguments:
    let
      function = import file;
      available = pkgs // {
        inherit lib;
      };
    in
    function (builtins.intersectAttrs (builtins.functionArgs function) available // arguments);

  pkgs =
    named
    // {
      inherit
        maven
        jdk25_headless
        linux
        pkgsStatic
        stdenv
        formats
        runCommand
        testers
        callPackage
        ;
    };
}
