using MlSystem.Registry;
using MlSystem.Registry.Validation;
using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Hosting;

if (args is [ModelProbe.Command, var folder])
{
    return ModelProbe.Run(folder);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("registry");
builder.AddRegistry();

var app = builder.Build();
app.UseServiceDefaults();
app.MapRegistry();

return await app.RunServiceAsync();
