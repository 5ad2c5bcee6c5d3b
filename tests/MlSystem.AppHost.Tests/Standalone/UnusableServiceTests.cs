using Microsoft.Data.Sqlite;
using MlSystem.AppHost.Standalone;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone;

/// <summary>A service that refuses its configuration or its store stops the whole system: starting it again would not help.</summary>
public sealed class UnusableServiceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("MlSystem__ApiKeys__user", "with a space", "MlSystem:ApiKeys:user")]
    [InlineData("MlSystem__MaxRequestBodyBytes", "-5", "MaxRequestBodyBytes must be between 1 and")]
    [InlineData("MlSystem__HealthCheckTimeoutSeconds", "soon", "'soon' at 'MlSystem:HealthCheckTimeoutSeconds'")]
    public async Task A_bad_option_is_one_line_and_nobody_is_left(string variable, string value, string reason) =>
        Assert.Contains(reason, await RefusedAsync(new Dictionary<string, string> { [variable] = value }), StringComparison.Ordinal);

    [Fact]
    public async Task A_damaged_event_log_is_named_and_stays_as_it_is()
    {
        var file = EventLogFile("mlsystem.features");
        await File.WriteAllTextAsync(file, new string('x', 5000));

        Assert.Contains($"the database file {file} is damaged", await RefusedAsync(), StringComparison.Ordinal);
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task An_event_log_of_an_unknown_format_is_refused_by_the_service_that_opens_it()
    {
        var file = EventLogFile("mlsystem.features");
        await using (var connection = new SqliteConnection($"Data Source={file};Pooling=false"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE other(x); PRAGMA user_version=99";
            await command.ExecuteNonQueryAsync();
        }

        var line = await RefusedAsync();

        Assert.Contains(file, line, StringComparison.Ordinal);
        Assert.Contains("format 99", line, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string EventLogFile(string topic) =>
        Path.Combine(Directory.CreateDirectory(_folder["data/eventlog"]).FullName, topic + ".events.db");

    private async Task<string> RefusedAsync(Dictionary<string, string>? environment = null)
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        await using var system = StandaloneSystem.Start(_folder["data"], environment: environment);

        Assert.Equal(StartRefusedException.Unusable, await system.ExitAsync(RunningSystem.StartTime));
        Assert.Empty(system.Children());
        var line = Assert.Single(system.Errors);
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        return line;
    }
}
