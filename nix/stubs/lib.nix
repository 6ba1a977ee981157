# The few functions of nixpkgs' library that the files of nix/ use, and as much of its module system as one module needs:
# options with types and defaults, unknown options refused. For nix/check alone, where there is no nixpkgs.
let
  inherit (builtins)
    all
    attrNames
    attrValues
    concatStringsSep
    elem
    filter
    foldl'
    hasAttr
    head
    isAttrs
    isBool
    isInt
    isList
    isString
    length
    listToAttrs
    map
    mapAttrs
    match
    pathExists
    replaceStrings
    stringLength
    substring
    ;

  type = name: check: {
    inherit name check;
    complete = _: value: value;
  };
  show = value: builtins.toJSON value;

  isSafe = text: match "[[:alnum:],._+:@%/-]+" text != null;
  escapeShellArg = text: if isSafe text then text else "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";

  isOption = value: isAttrs value && value._type or "" == "option";

  # The value of an option: the one that is given, checked and completed, or the default.
  valueOf =
    path: option: given:
    if !(given ? value) then
      option.default or (throw "The option ${path} has no value.")
    else if option.type.check given.value then
      option.type.complete path given.value
    else
      throw "The option ${path} is not a ${option.type.name}: ${show given.value}";

  # All options below a path, by what is given for them.
  valuesOf =
    path: options: given:
    let
      unknown = filter (name: !(hasAttr name options)) (attrNames given);
    in
    if unknown != [ ] then
      throw "There is no option ${path}.${head unknown}."
    else
      mapAttrs (
        name: option:
        let
          below = "${path}.${name}";
        in
        if isOption option then
          valueOf below option (if hasAttr name given then { value = given.${name}; } else { })
        else
          valuesOf below option (given.${name} or { })
      ) options;

  merge =
    left: right:
    if isAttrs left && isAttrs right && !(left ? outPath) then
      left
      // mapAttrs (name: value: if hasAttr name left then merge left.${name} value else value) right
    else if isList left && isList right then
      left ++ right
    else if left == right then
      left
    else
      throw "Two values for one thing: ${show left} and ${show right}";
in
rec {
  inherit
    attrNames
    attrValues
    concatStringsSep
    elem
    filter
    foldl'
    mapAttrs
    merge
    ;

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  hasInfix = infix: text: replaceStrings [ infix ] [ "" ] text != text;
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  optionalString = condition: text: if condition then text else "";
  optionalAttrs = condition: attributes: if condition then attributes else { };
  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = make: attributes: listToAttrs (mapAttrsToList make attributes);
  mapAttrsToList = make: attributes: map (name: make name attributes.${name}) (attrNames attributes);
  escapeShellArgs = texts: concatStringsSep " " (map (text: escapeShellArg (toString text)) texts);
  fileContents =
    file:
    let
      text = builtins.readFile file;
      end = stringLength text - 1;
    in
    if substring end 1 text == "\n" then substring 0 end text else text;
  makeBinPath = packages: concatStringsSep ":" (map (package: "${package}/bin") packages);
  makeLibraryPath = packages: concatStringsSep ":" (map (package: "${package}/lib") packages);
  literalExpression = text: { inherit text; };
  licenses.asl20 = "Apache-2.0";

  fileset = {
    unions =
      paths: map (path: if pathExists path then path else throw "There is no ${toString path}.") paths;
    toSource = { root, fileset }: builtins.seq (length fileset) "/nix/store/source";
  };

  mkIf = condition: content: { inherit condition content; };
  mkOption = option: option // { _type = "option"; };
  mkEnableOption =
    description:
    mkOption {
      type = types.bool;
      default = false;
      inherit description;
    };

  types = {
    bool = type "truth value" isBool;
    int = type "whole number" isInt;
    str = type "text" isString;
    package = type "package" (value: isAttrs value && value ? outPath);
    strMatching = pattern: type "text like ${pattern}" (text: isString text && match pattern text != null);
    nullOr = inner: {
      name = "${inner.name}, or null";
      check = value: value == null || inner.check value;
      complete = path: value: if value == null then null else inner.complete path value;
    };
    listOf = inner: {
      name = "list of ${inner.name}";
      check = value: isList value && all inner.check value;
      complete = path: map (inner.complete path);
    };
    attrsOf = inner: {
      name = "set of ${inner.name}";
      check = value: isAttrs value && all inner.check (attrValues value);
      complete = path: mapAttrs (name: inner.complete "${path}.${name}");
    };
    submodule = module: {
      name = "submodule";
      check = isAttrs;
      complete =
        path: given:
        let
          name = head (match ".*[.]([^.]*)" path);
        in
        valuesOf path (module { inherit name; }).options given;
    };
  };

  # Evaluates a machine that consists of one module with options of its own, and of settings. What is not an option of the
  # module has to be one of NixOS' own, of which the names are taken on trust.
  evaluate =
    {
      pkgs,
      module,
      settings,
    }:
    let
      evaluated = import module { inherit config pkgs lib; };
      own = if evaluated.config.condition then evaluated.config.content else { };
      lib = import ./lib.nix;
      known = [
        "assertions"
        "environment"
        "networking"
        "systemd"
        "users"
        "virtualisation"
      ];
      outside = builtins.removeAttrs settings [
        "imports"
        "services"
      ];
      part = name: merge (own.${name} or { }) (outside.${name} or { });
      config = {
        services.varve =
          valuesOf "services.varve" evaluated.options.services.varve (settings.services.varve or { });
        assertions = own.assertions or [ ];
      }
      // listToAttrs (
        map (name: nameValuePair name (part name)) (filter (name: name != "assertions") known)
      );
      failed = filter (assertion: !assertion.assertion) config.assertions;
      unknown = filter (name: !(elem name known)) (attrNames own ++ attrNames outside);
    in
    if unknown != [ ] then
      throw "There is no option ${head unknown}."
    else if failed != [ ] then
      throw (head failed).message
    else
      config;
}
