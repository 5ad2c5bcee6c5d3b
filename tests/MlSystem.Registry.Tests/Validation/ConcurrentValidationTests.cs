using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Registry.Tests.Support;
using MlSystem.Registry.Validation;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Validation;

public sealed class ConcurrentValidationTests
{
    [Fact]
    public async Task A_model_that_takes_long_holds_up_no_other()
    {
        await using var app = await BusyAsync(places: 2);
        Assert.Equal(1, await app.Registry.ServableAsync(await app.Registry.ModelAsync()));
        Assert.Equal("pending", (await app.Registry.NativeAsync("/api/models/endless/versions/1")).Ok().Body.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Models_take_turns()
    {
        // The one place is taken, so that only this test claims.
        await using var app = await BusyAsync(places: 1);
        var queue = app.Services.GetRequiredService<ValidationQueue>();
        var (many, one) = (await app.Registry.ModelAsync(), await app.Registry.ModelAsync());
        foreach (var model in new[] { many, many, many, one })
        {
            await app.Registry.VersionAsync(model, await app.Registry.LogModelAsync(TinyModels.Identity(), TinyModels.IdentitySignature));
        }

        var claimed = new List<(long Model, int Version)>();
        while (await queue.ClaimAsync([.. claimed.Select(c => c.Model)], CancellationToken.None) is { } next)
        {
            claimed.Add((next.ModelId, next.Version));
        }

        var first = claimed[0].Model;
        Assert.Equal([(first, 1), (claimed[1].Model, 1), (first, 2), (first, 3)], claimed);
        Assert.NotEqual(first, claimed[1].Model);
    }

    /// <summary>A registry in which the validation of one version never ends.</summary>
    private static async Task<RegistryApp> BusyAsync(int places)
    {
        var app = await RegistryApp.StartAsync(null, ("Registry:Validation:MaxConcurrent", $"{places}"), ("Registry:Validation:TimeoutSeconds", "3600"));
        (await app.Registry.PostAsync("registered-models/create", new { name = "endless" })).Ok();
        await app.Registry.CreateAsync("endless", ("model.onnx", TinyModels.Endless()), ("signature.json", Encoding.UTF8.GetBytes(TinyModels.IdentitySignature)));
        await Eventually.TrueAsync(() => Task.FromResult(Directory.Exists(Path.Combine(app.DataFolder, "registry", "validation")) && Directory.EnumerateDirectories(Path.Combine(app.DataFolder, "registry", "validation")).Any()), TimeSpan.FromSeconds(60), "the validation has begun");
        return app;
    }
}
