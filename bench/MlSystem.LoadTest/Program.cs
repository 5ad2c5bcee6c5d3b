using MlSystem.LoadTest;
using MlSystem.LoadTest.Servers;

return args is ["baseline", var http, var grpc]
    ? await BaselineServer.RunAsync(int.Parse(http), int.Parse(grpc))
    : await ServingLoad.RunAsync(LoadOptions.Parse(args));
