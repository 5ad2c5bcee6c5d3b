using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MlSystem.ServiceDefaults.Startup;
using Npgsql;

namespace MlSystem.ServiceDefaults.Storage;

/// <summary>Registers a service's metadata database: PostgreSQL where <c>ConnectionStrings:database</c> is present, else SQLite in the data directory.</summary>
public static class DatabaseExtensions
{
    private static readonly SqlitePragmas Pragmas = new();

    /// <summary>
    /// Registers <see cref="IDbContextFactory{TContext}"/> of <typeparamref name="TContext"/> and a start-up task that migrates.
    /// Each provider has a derived context of its own, so that each has its own migrations.
    /// </summary>
    public static IHostApplicationBuilder AddDatabase<TContext, TSqlite, TPostgres>(this IHostApplicationBuilder builder)
        where TContext : DbContext
        where TSqlite : TContext
        where TPostgres : TContext
    {
        var connection = builder.Configuration.GetConnectionString("database");
        if (string.IsNullOrEmpty(connection))
        {
            builder.Services.AddDbContextFactory<TSqlite>((services, options) => options
                .UseSqlite($"Data Source={Path.Combine(services.GetRequiredService<DataDirectory>().Own, "metadata.db")};Default Timeout=30")
                .AddInterceptors(Pragmas));
            builder.Services.AddSingleton<IDbContextFactory<TContext>, DerivedFactory<TContext, TSqlite>>();
        }
        else
        {
            builder.Services.AddDbContextFactory<TPostgres>(options => options.UseNpgsql(
                Prepared(connection),
                // The default strategy hides passing errors in an InvalidOperationException, which no caller takes for one of the database.
                npgsql => npgsql.ExecutionStrategy(dependencies => new NonRetryingExecutionStrategy(dependencies))));
            builder.Services.AddSingleton<IDbContextFactory<TContext>, DerivedFactory<TContext, TPostgres>>();
        }

        builder.Services.AddSingleton<IStartupTask, MigrateDatabase<TContext>>();
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealthCheck<TContext>>("database");
        return builder;
    }

    /// <summary>
    /// Statements that come again stay prepared: planning takes longer than many of them run. And a connection that is used again is not
    /// reset: no service changes a session (locks and settings end with their transaction). A connection string that says otherwise counts.
    /// </summary>
    internal static string Prepared(string connection)
    {
        // Npgsql's own builder says of every key that it knows that it is there.
        var given = new DbConnectionStringBuilder { ConnectionString = connection }.Keys.Cast<string>().Select(key => key.Replace(" ", "", StringComparison.Ordinal)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var settings = new NpgsqlConnectionStringBuilder(connection);
        if (!given.Contains(nameof(settings.MaxAutoPrepare)))
        {
            (settings.MaxAutoPrepare, settings.AutoPrepareMinUsages) = (200, 3);
        }

        if (!given.Contains(nameof(settings.NoResetOnClose)))
        {
            settings.NoResetOnClose = true;
        }

        return settings.ConnectionString;
    }

    private sealed class DerivedFactory<TContext, TDerived>(IDbContextFactory<TDerived> factory) : IDbContextFactory<TContext>
        where TContext : DbContext
        where TDerived : TContext
    {
        public TContext CreateDbContext() => factory.CreateDbContext();
    }
}
