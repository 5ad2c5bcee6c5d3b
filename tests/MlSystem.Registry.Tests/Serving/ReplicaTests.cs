using System.Security.Cryptography;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Serving;

/// <summary>Two replicas of the registry on one database.</summary>
public sealed class ReplicaTests
{
    [Fact]
    public async Task A_rollback_through_one_replica_wakes_a_long_poll_at_another()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync();
        var connection = await server.CreateDatabaseAsync();
        using var shared = new TempFolder();
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            await File.WriteAllTextAsync(shared["signing.pem"], key.ExportPkcs8PrivateKeyPem());
        }

        (string Key, string Value)[] settings = [("ConnectionStrings:database", connection), ("Registry:Artifacts:Folder", shared["blobs"]), ("Registry:Signing:KeyFile", shared["signing.pem"])];
        await using var one = await RegistryApp.StartAsync(null, settings);
        await using var two = await RegistryApp.StartAsync(null, settings);
        var name = await one.Registry.ModelAsync();
        var (first, second) = (await one.Registry.ServableAsync(name), await two.Registry.ServableAsync(name));
        await one.Registry.ChampionAsync(name, first);
        await two.Registry.ChampionAsync(name, second);

        var seen = (await two.Registry.NativeAsync("/api/endpoints")).Ok().ETag;
        var poll = two.Registry.SendAsync(HttpMethod.Get, "/api/endpoints?wait=60", ifNoneMatch: seen);
        (await one.Registry.SendAsync(HttpMethod.Post, $"/api/endpoints/{name}/rollback")).Ok();
        // 304, at the end of the time, has no body.
        var endpoint = Assert.Single((await poll).Ok().Body.GetProperty("endpoints").EnumerateArray());
        Assert.Equal((3, first), (endpoint.GetProperty("revision").GetInt32(), endpoint.GetProperty("variants")[0].GetProperty("version").GetInt32()));
    }
}
