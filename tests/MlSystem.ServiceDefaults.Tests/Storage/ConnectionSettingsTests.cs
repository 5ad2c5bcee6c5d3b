using MlSystem.ServiceDefaults.Storage;
using Npgsql;

namespace MlSystem.ServiceDefaults.Tests.Storage;

/// <summary>How services use PostgreSQL where the connection string does not say.</summary>
public sealed class ConnectionSettingsTests
{
    [Theory]
    [InlineData("Host=h;Username=u", 200, true)]
    [InlineData("Host=h;Max Auto Prepare=0;No Reset On Close=false", 0, false)]
    [InlineData("Host=h;maxautoprepare=7", 7, true)]
    public void Statements_stay_prepared_and_connections_as_they_are_unless_the_connection_string_says_otherwise(string given, int prepared, bool kept)
    {
        var settings = new NpgsqlConnectionStringBuilder(DatabaseExtensions.Prepared(given));
        Assert.Equal(("h", prepared, kept), (settings.Host, settings.MaxAutoPrepare, settings.NoResetOnClose));
    }
}
