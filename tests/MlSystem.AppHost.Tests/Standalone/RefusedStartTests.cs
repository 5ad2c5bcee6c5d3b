using MlSystem.AppHost.Standalone;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone;

/// <summary>Bad starts: one line, a code, nothing damaged, nobody left.</summary>
public sealed class RefusedStartTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(30);
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task A_data_directory_below_a_file()
    {
        await File.WriteAllTextAsync(_folder["file"], "mine");

        var line = await RefusedAsync(Path.Combine(_folder["file"], "data"));

        Assert.Contains("is not writable", line, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder["file"]));
    }

    [Fact]
    public async Task A_data_directory_that_nobody_can_write() =>
        Assert.Contains("data directory /proc/mlsystem is not writable", await RefusedAsync("/proc/mlsystem"), StringComparison.Ordinal);

    [Fact]
    public async Task A_damaged_database_stays_as_it_is()
    {
        var file = Path.Combine(Directory.CreateDirectory(_folder["data/registry"]).FullName, "metadata.db");
        await File.WriteAllTextAsync(file, new string('x', 5000));

        var line = await RefusedAsync(_folder["data"]);

        Assert.Contains($"the database file {file} is damaged", line, StringComparison.Ordinal);
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task An_unknown_option()
    {
        await using var host = StandaloneSystem.Start(_folder["data"], arguments: ["--frobnicate"]);

        Assert.Equal(StartRefusedException.Usage, await host.ExitAsync(Moment));
        Assert.StartsWith("error: unknown option '--frobnicate'", Assert.Single(host.Errors), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["data"]));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<string> RefusedAsync(string data)
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        await using var host = StandaloneSystem.Start(data);
        Assert.Equal(StartRefusedException.Unusable, await host.ExitAsync(Moment));
        Assert.Empty(host.Children());
        var line = Assert.Single(host.Errors);
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        return line;
    }
}
