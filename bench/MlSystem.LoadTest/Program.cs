using MlSystem.LoadTest;

return args is ["baseline", var http, var grpc]
    ? await BaselineServer.RunAsync(int.Parse(http), int.Parse(grpc))
    : await ServingLoad.RunAsync(LoadOptions.Parse(args));
