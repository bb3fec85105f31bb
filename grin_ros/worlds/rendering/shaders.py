# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""GLSL programs of the renderer: range, shadow maps, lit colour, sky, mirrors, and the final pass.

The final pass (RESOLVE_FRAGMENT) smooths edges and computes screen-space ambient occlusion.
"""

RANGE_VERTEX = """
#version 330
uniform mat4 optical_from_world;
uniform mat4 clip_from_optical;
in vec3 in_position;
out vec3 optical;
void main() {
    vec4 p = optical_from_world * vec4(in_position, 1.0);
    optical = p.xyz;
    gl_Position = clip_from_optical * p;
}
"""

RANGE_FRAGMENT = """
#version 330
uniform float glass;  // -1 for mirrors, else 1
in vec3 optical;
out float range_m;
void main() { range_m = glass * length(optical); }
"""

DEPTH_VERTEX = """
#version 330
uniform mat4 clip_from_world;
in vec3 in_position;
void main() { gl_Position = clip_from_world * vec4(in_position, 1.0); }
"""

EMPTY_FRAGMENT = """
#version 330
void main() {}
"""

COLOUR_VERTEX = """
#version 330
uniform mat4 clip_from_world;
uniform vec4 before;  // the plane of a mirror: its image only shows what is before the plane
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in vec3 in_colour;
in vec3 in_material;
out vec3 world;
out vec3 normal;
out vec2 uv;
out vec3 albedo;
flat out vec3 material;
void main() {
    world = in_position;
    normal = in_normal;
    uv = in_uv;
    albedo = in_colour;
    material = in_material;
    gl_ClipDistance[0] = dot(before, vec4(in_position, 1.0));
    gl_Position = clip_from_world * vec4(in_position, 1.0);
}
"""

COLOUR_FRAGMENT = """
#version 330
uniform sampler2DArray textures;
uniform sampler2DShadow sun_shadow;
uniform sampler2DShadow lamp_shadow;
uniform mat4 sun_clip;
uniform mat4 lamp_clip;
uniform vec3 eye;
uniform vec3 sun_direction;
uniform vec3 sun;
uniform vec3 ambient_down;
uniform vec3 around_light[9];
uniform sampler2D around_map;
uniform vec3 room_low;
uniform vec3 room_high;
uniform float outdoors;
uniform vec3 zenith;
uniform vec3 horizon;
uniform vec3 haze;
uniform float haze_per_m;
uniform vec3 lamp_position[4];
uniform vec3 lamp_power[4];
uniform int lamp_count;
in vec3 world;
in vec3 normal;
in vec2 uv;
in vec3 albedo;
flat in vec3 material;
out vec4 colour;

float lit(sampler2DShadow map, vec4 clip, float softness, float bias) {
    vec3 p = clip.xyz / clip.w * 0.5 + 0.5;
    if (clip.w <= 0.0 || any(lessThan(p, vec3(0.0))) || any(greaterThan(p, vec3(1.0)))) return 1.0;
    p.z -= bias;
    vec2 d = vec2(softness, softness * 0.4);  // four bilinear comparisons at the corners of a rotated square
    float sum = texture(map, p + vec3(d.x, d.y, 0.0)) + texture(map, p + vec3(-d.y, d.x, 0.0))
              + texture(map, p + vec3(-d.x, -d.y, 0.0)) + texture(map, p + vec3(d.y, -d.x, 0.0));
    return sum * 0.25;
}

vec3 around(vec3 n) {  // irradiance divided by pi
    vec3 sum = around_light[0] + around_light[1] * n.y + around_light[2] * n.z + around_light[3] * n.x
             + around_light[4] * (n.x * n.y) + around_light[5] * (n.y * n.z) + around_light[6] * (3.0 * n.z * n.z - 1.0)
             + around_light[7] * (n.x * n.z) + around_light[8] * (n.x * n.x - n.y * n.y);
    return max(sum, vec3(0.0));
}

vec3 mirrored(vec3 back, float gloss) {  // the reflected light of the map, which is seen from the middle of the room
    vec3 t = max((room_low - world) / back, (room_high - world) / back);
    vec3 d = normalize(world + max(min(t.x, min(t.y, t.z)), 0.01) * back - 0.5 * (room_low + room_high));
    vec2 p = vec2(0.5 - atan(d.y, d.x) * 0.15915494, acos(clamp(d.z, -1.0, 1.0)) * 0.31830989);
    return textureLod(around_map, p, 4.5 * (1.0 - gloss)).rgb;
}

void main() {
    vec3 base = albedo;
    vec3 texel = vec3(1.0);
    if (material.x >= 0.0) { texel = texture(textures, vec3(uv, material.x)).rgb; texel *= texel; }
    base *= texel;
    vec3 to_eye = normalize(eye - world);
    vec3 n = dot(normal, normal) > 1e-8 ? normalize(normal) : to_eye;  // interpolated normals can add up to zero
    if (dot(n, to_eye) < 0.0) n = -n;
    float gloss = material.y;
    float power = 8.0 + 120.0 * gloss * gloss;
    vec3 corner = min(abs(world - room_low), abs(room_high - world));
    vec3 away = vec3(1.0) - abs(n);  // a wall does not darken itself
    vec3 crease = vec3(1.0) - 0.30 * away * exp(-corner / 0.28);
    float enclosed = crease.x * crease.y * crease.z;
    if (outdoors > 0.5) enclosed = 1.0;
    vec3 light = around(n) * enclosed;
    vec3 shine = vec3(0.0);

    float facing = -dot(n, sun_direction);
    if (facing > 0.0 && sun.r + sun.g + sun.b > 0.0) {
        float s;
        if (outdoors > 0.5) {  // the sharp shadow map near the camera, the one of the whole scene elsewhere
            vec4 near = sun_clip * vec4(world + n * 0.07, 1.0);
            if (max(max(abs(near.x), abs(near.y)), abs(near.z)) < 0.98) s = lit(sun_shadow, near, 0.0008, 0.0002);
            else s = lit(lamp_shadow, lamp_clip * vec4(world + n * 0.5, 1.0), 0.001, 0.0008);
        } else {
            s = lit(sun_shadow, sun_clip * vec4(world + n * 0.03, 1.0), 0.0012, 0.0004);
            // No sunlight passes through the seams between walls.
            vec3 shut = mix(vec3(1.0), smoothstep(0.004, 0.025, corner), step(0.5, away));
            s *= shut.x * shut.y * shut.z;
        }
        light += sun * facing * s;
        shine += sun * s * pow(max(dot(reflect(sun_direction, n), to_eye), 0.0), power);
    }
    for (int i = 0; i < lamp_count; i++) {
        vec3 to_lamp = lamp_position[i] - world;
        float d2 = max(dot(to_lamp, to_lamp), 1e-6);
        vec3 l = to_lamp * inversesqrt(d2);
        float cosine = 0.12 + 0.88 * dot(n, l);
        if (cosine <= 0.0) continue;
        float s = 1.0;
        if (i == 0 && outdoors < 0.5) s = lit(lamp_shadow, lamp_clip * vec4(world + n * 0.03, 1.0), 0.004, 0.0006);
        vec3 flux = lamp_power[i] * s / (d2 + 0.4);
        light += flux * cosine;
        shine += flux * pow(max(dot(reflect(-l, n), to_eye), 0.0), power);
    }
    float fresnel = 0.04 + 0.5 * gloss * pow(1.0 - clamp(dot(n, to_eye), 0.0, 1.0), 4.0);
    vec3 back = reflect(-to_eye, n);
    vec3 mirror;
    if (outdoors < 0.5) {
        mirror = mirrored(back, gloss);
    } else {  // the sky, and low down the things that stand around
        vec3 open = mix(horizon, zenith, sqrt(max(back.z, 0.0)));
        mirror = mix(0.25 * ambient_down, open, smoothstep(0.02, 0.3, back.z));
        fresnel += 0.08 * gloss;
    }
    vec3 reflected = gloss * (shine * 0.35 * sqrt(power / 30.0) + mirror * fresnel);
    vec3 result = base * light + reflected + texel * albedo * material.z;
    result = mix(result, haze, 1.0 - exp(-haze_per_m * distance(eye, world)));
    colour = vec4(clamp(result, vec3(0.0), vec3(30.0)), 1.0);  // interpolated colours can be slightly negative
}
"""

SKY_VERTEX = """
#version 330
uniform vec4 lens;
uniform mat3 world_from_optical;
out vec3 ray;
void main() {
    vec2 p = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    ray = world_from_optical * vec3((p - lens.zw) / lens.xy, 1.0);
    gl_Position = vec4(p, 1.0, 1.0);  // the far plane, behind everything
}
"""

SKY_FRAGMENT = """
#version 330
uniform sampler2DArray textures;
uniform vec3 zenith;
uniform vec3 horizon;
uniform vec3 glow;
uniform vec3 cloud;
uniform vec3 to_sun;
uniform float clouds;
uniform float cover;
in vec3 ray;
out vec4 colour;
void main() {
    vec3 d = normalize(ray);
    float up = max(d.z, 0.0);
    vec3 sky = mix(horizon, zenith, 1.0 - exp(-3.5 * up));
    float sunward = max(dot(d, to_sun), 0.0);
    if (clouds >= 0.0) {
        vec2 p = d.xy / (up + 0.12);
        float a = textureLod(textures, vec3(p * 0.11, clouds), 0.0).r;
        float b = textureLod(textures, vec3(p.yx * 0.31 + 0.37, clouds), 0.0).r;
        float thick = smoothstep(1.0 - cover, 1.25 - cover, 0.75 * a + 0.35 * b);
        vec3 lit = cloud * (0.75 + 0.5 * b - 0.35 * thick * a) + glow * 0.5 * pow(sunward, 6.0);
        sky = mix(sky, lit, thick * smoothstep(0.0, 0.12, up));
    }
    sky += glow * (0.25 * pow(sunward, 8.0) + 1.5 * pow(sunward, 90.0) + 20.0 * smoothstep(0.9993, 0.9998, sunward));
    colour = vec4(min(sky, vec3(30.0)), 1.0);
}
"""

MIRROR_FRAGMENT = """
#version 330
uniform sampler2D image;
uniform sampler2D range_m;
uniform vec3 eye;
uniform vec4 plane;
uniform vec3 silver;
uniform float on_plane_m;
in vec3 ray;
out vec4 colour;
void main() {
    ivec2 p = ivec2(gl_FragCoord.xy);
    float signed_m = texelFetch(range_m, p, 0).r;
    if (signed_m >= 0.0) discard;
    if (abs(dot(plane, vec4(eye - signed_m * normalize(ray), 1.0))) > on_plane_m) discard;
    colour = vec4(silver * texelFetch(image, p, 0).rgb, 1.0);
}
"""

SCREEN_VERTEX = """
#version 330
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }
"""

RESOLVE_FRAGMENT = """
#version 330
uniform sampler2D colour;
uniform sampler2D range_m;
uniform float f_px;
uniform float strength;
uniform float reach_m;
out vec4 result;
const vec2 taps[8] = vec2[8](vec2(0.92, 0.38), vec2(-0.38, 0.92), vec2(-0.92, -0.38), vec2(0.38, -0.92),
                             vec2(0.35, 0.35), vec2(-0.35, 0.35), vec2(-0.35, -0.35), vec2(0.35, -0.35));
vec3 compressed(vec2 p) { vec3 c = texture(colour, p).rgb; return sqrt(c / (1.0 + max(c.r, max(c.g, c.b)))); }
float brightness(vec3 c) { return dot(c, vec3(0.3, 0.6, 0.1)); }
void main() {
    ivec2 p = ivec2(gl_FragCoord.xy);
    vec2 texel = 1.0 / vec2(textureSize(colour, 0));
    vec2 middle = gl_FragCoord.xy * texel;
    vec3 sum = compressed(middle);
    float a00 = brightness(compressed(middle + vec2(-0.5, -0.5) * texel));
    float a10 = brightness(compressed(middle + vec2(0.5, -0.5) * texel));
    float a01 = brightness(compressed(middle + vec2(-0.5, 0.5) * texel));
    float a11 = brightness(compressed(middle + vec2(0.5, 0.5) * texel));
    vec2 gradient = vec2(a10 + a11 - a00 - a01, a01 + a11 - a00 - a10);
    float contrast = length(gradient);
    if (contrast > 0.06) {  // a stair step: average along the edge, and a little across it
        vec2 along = vec2(-gradient.y, gradient.x) / contrast * texel;
        vec3 smoothed = 0.25 * (compressed(middle + 0.6 * along) + compressed(middle - 0.6 * along)
                              + compressed(middle + 1.6 * along) + compressed(middle - 1.6 * along));
        vec3 cross_blend = 0.5 * (compressed(middle + vec2(0.25) * texel) + compressed(middle - vec2(0.25) * texel));
        sum = mix(sum, 0.7 * smoothed + 0.3 * cross_blend, smoothstep(0.06, 0.25, contrast) * 0.85);
    }
    sum *= sum;
    sum /= max(1.0 - max(sum.r, max(sum.g, sum.b)), 0.02);
    float here = abs(texelFetch(range_m, p, 0).r);  // ranges are negative on mirrors
    ivec2 limit = textureSize(range_m, 0) - 1;
    float radius = clamp(reach_m * f_px / max(here, 0.1), 2.0, 40.0);
    float unit = reach_m / 0.22;
    float angle = fract(52.9829189 * fract(dot(vec2(p), vec2(0.06711056, 0.00583715)))) * 6.2831853;
    mat2 turn = mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
    float hidden = 0.0;
    for (int i = 0; i < 8; i++) {  // opposite samples, so that a plane does not occlude itself
        vec2 offset = turn * taps[i] * radius;
        float a = abs(texelFetch(range_m, clamp(p + ivec2(offset), ivec2(0), limit), 0).r);
        float b = abs(texelFetch(range_m, clamp(p - ivec2(offset), ivec2(0), limit), 0).r);
        float bend = here - 0.5 * (a + b);
        float near = max(here - min(a, b), 0.0);
        hidden += clamp(bend * 10.0 / unit, 0.0, 1.0) * (1.0 - smoothstep(0.12 * unit, 0.45 * unit, near));
    }
    result = vec4(sum, 1.0 - strength * 0.6 * hidden / 8.0);
}
"""
