{
  description = "Varve: log-structured virtual disks for QEMU on object storage";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEachSystem =
        make:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = make nixpkgs.legacyPackages.${system};
          }) systems
        );
    in
    {
      packages = forEachSystem (pkgs: {
        default = pkgs.callPackage ./package.nix { };
      });

      nixosModules.default = ./module.nix;

      checks = forEachSystem (pkgs: {
        single = pkgs.testers.runNixOSTest ./tests/single.nix;
        migration = pkgs.testers.runNixOSTest ./tests/migration.nix;
      });
    };
}
